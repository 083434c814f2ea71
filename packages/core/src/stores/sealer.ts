import type * as Jose from 'jose'
import { ZohoAuthError } from '../words/errors.js'

/** Seals what a durable store keeps. The first key seals, all open. */
export interface Sealer {
  /**
   * @param record What is sealed, such as `connection acme`: a row copied to another record does not open.
   * @param facts What the text is good with and nothing else, such as its data centre. Their digest is kept.
   */
  seal(record: string, text: string, facts?: string): Promise<string>
  /**
   * @param facts Those it was sealed with. A text that was sealed without any opens with all: see {@link Sealer.isBound}.
   * @throws ZohoAuthError `ERR_ZOHO_CONFIG` if the key is not in the ring: never a reason to reconnect.
   * @throws ZohoAuthError `ERR_ZOHO_STORE` where it was not sealed for this record and these facts, or was changed.
   */
  open(record: string, sealed: string, facts?: string): Promise<string>
  /** Whether a text was sealed by anyone; what is in the clear is not. */
  isSealed(text: string): boolean
  /** Whether it was sealed with facts. */
  isBound(sealed: string): boolean
  /** Whether it was sealed with the first key. */
  isCurrent(sealed: string): boolean
}

/** One key: an id, and 32 bytes. */
interface Key {
  readonly id: string
  readonly bytes: Uint8Array
}

/** `id:base64` of 32 bytes; the id goes into the clear. */
const KEY = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/_-]{43}=?)$/

/** Reads one key; `undefined` for what is none. */
export function parseKey(text: string): Key | undefined {
  const [, id, encoded] = KEY.exec(text.trim()) ?? []
  if (id === undefined || encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  return bytes.length === 32 ? { id, bytes: new Uint8Array(bytes) } : undefined
}

/**
 * Compact JWE (RFC 7516) with `dir` and `A256GCM`; the key's id, the record's name and a SHA-256 of the facts are in the
 * protected header. `jose` is loaded at the first use.
 *
 * Random nonces of 96 bits: NIST SP 800-38D wants a new key after 2³² seals. At 100 000 connections and 24 tokens a day
 * that is nearly five years; rotate earlier.
 *
 * @param keys Checked before; see {@link parseKey}.
 */
export function createSealer(keys: readonly string[]): Sealer {
  const ring = new Map(keys.flatMap((text) => parseKey(text) ?? []).map(({ id, bytes }) => [id, bytes]))
  const [first] = ring
  if (first === undefined) throw new TypeError('a sealer needs a key')
  const [firstId, firstKey] = first
  let jose: Promise<typeof Jose> | undefined
  const load = (): Promise<typeof Jose> => {
    jose ??= import('jose').catch((error: unknown) => {
      jose = undefined
      throw error
    })
    return jose
  }
  return {
    async seal(record, text, facts) {
      const { CompactEncrypt } = await load()
      const bound = facts === undefined ? {} : { facts: digestOf(facts) }
      return new CompactEncrypt(new TextEncoder().encode(text))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: firstId, rec: record, ...bound })
        .encrypt(firstKey)
    },
    async open(record, sealed, facts) {
      const header = headerOf(sealed)
      const kid = String(header?.kid)
      const key = ring.get(kid)
      if (header === undefined) throw damaged(record)
      if (key === undefined)
        throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
          message: `${record} was sealed with key "${kid}", which is not among encryptionKeys (ZOHO_AUTH_KEYS)`,
          action: 'Put the key back, after the first one. Nothing is lost, and nobody has to reconnect.',
        })
      if (header.rec !== record) throw damaged(record)
      const { compactDecrypt } = await load()
      const options = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] }
      const opened = await compactDecrypt(sealed, key, options).catch(() => {
        throw damaged(record)
      })
      if (facts !== undefined && header.facts !== undefined && header.facts !== digestOf(facts))
        throw altered(record)
      return new TextDecoder().decode(opened.plaintext)
    },
    isSealed: (text) => headerOf(text) !== undefined,
    isBound: (sealed) => headerOf(sealed)?.facts !== undefined,
    isCurrent: (sealed) => headerOf(sealed)?.kid === firstId,
  }
}

/** The id of the key that a text was sealed with; `undefined` for a text that was not sealed here. */
export function sealedWith(text: string): string | undefined {
  const header = headerOf(text)
  return header === undefined ? undefined : String(header.kid)
}

interface Header {
  readonly kid?: unknown
  readonly rec?: unknown
  readonly facts?: unknown
}

/** The protected header of a compact JWE, not yet verified; `undefined` for anything else. */
function headerOf(text: string): Header | undefined {
  const parts = text.split('.')
  if (parts.length !== 5) return undefined
  try {
    const header: unknown = JSON.parse(Buffer.from(parts[0] ?? '', 'base64url').toString('utf8'))
    const { alg, enc } = header as { alg?: unknown; enc?: unknown }
    return alg === 'dir' && enc === 'A256GCM' ? (header as object) : undefined
  } catch {
    return undefined
  }
}

function damaged(record: string): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_STORE', {
    action: `${record} does not open: it was changed, or copied from another record. It is left as it is.`,
  })
}

/** The error for a text that opens, and stands beside other facts than it was sealed with. */
export function altered(record: string): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_STORE', {
    action: `${record} was altered by somebody without the key: its data centre, environment, scopes, state, soid, userId or replaced grants are not those that were sealed. It is left as it is: put the row back, or consent again.`,
  })
}

const digestOf = (facts: string): string =>
  process.getBuiltinModule('node:crypto').createHash('sha256').update(facts).digest('base64url')
