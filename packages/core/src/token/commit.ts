import { type GuardedTokenStore, StoreFault } from '../stores/guarded-token-store.js'
import type { RefreshLease, StoredToken } from '../stores/ports.js'

/** What a token is stored with. */
export interface TokenPayload {
  readonly value: string
  /** Whole life when it was made, in milliseconds. */
  readonly lifeMs: number
  readonly apiDomain: string
  readonly scopes: readonly string[]
}

/**
 * Writes a payload as the opaque string that stores keep: format, life, domain, scopes and last the token, with spaces in
 * between. None of them has a space in it.
 */
export function encodePayload({ value, lifeMs, apiDomain, scopes }: TokenPayload): string {
  return [FORMAT, lifeMs, apiDomain, scopes.join(','), value].join(' ')
}

/** Reads it; `undefined` for anything this version did not write. */
export function decodePayload(text: string): TokenPayload | undefined {
  const parts = text.split(' ')
  const [format, life, apiDomain, scopes, value] = parts
  const lifeMs = Number(life)
  if (
    parts.length !== 5 ||
    format !== FORMAT ||
    !apiDomain ||
    scopes === undefined ||
    !value ||
    !(lifeMs > 0)
  )
    return undefined
  // A slice shares its characters with the text, if the text is kept anyway.
  return {
    value: text.slice(-value.length),
    lifeMs,
    apiDomain,
    scopes: scopes === '' ? [] : scopes.split(','),
  }
}

const FORMAT = '1'

/** How a commit ended. */
export type Committed =
  | { readonly kind: 'stored'; readonly token: StoredToken }
  /** The key was invalidated meanwhile: the token must not be used. */
  | { readonly kind: 'invalidated' }
  /** The store does not answer; the write is tried again in the background, and the token is used meanwhile. */
  | { readonly kind: 'pending' }

/**
 * Gate 6, commit: compare-and-set on the generation. A loser takes the winner's token. The lease saves work; this keeps
 * the record right.
 */
export async function commitToken(
  key: string,
  lease: RefreshLease,
  value: string,
  lifeMs: number,
  store: GuardedTokenStore,
): Promise<Committed> {
  try {
    const token = await store.commit(key, lease, value, lifeMs)
    return token === undefined ? { kind: 'invalidated' } : { kind: 'stored', token }
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error
    return { kind: 'pending' }
  }
}
