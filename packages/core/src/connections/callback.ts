import { type DataCenter, isDataCenter } from '../words/data-centers.js'

/** The longest callback URL that is looked at, in characters (16 KiB). Zoho's are below one. */
const MAX_CALLBACK = 16_384

/** The longest authorization code, in characters. */
const MAX_CODE = 1_024

/** What a callback says. Nothing in it is trusted further than this. */
export type Callback =
  | {
      readonly kind: 'code'
      readonly code: string
      /** Where the user lives; absent if Zoho did not say. */
      readonly location: DataCenter | undefined
      /** As it came. To be compared, never to be fetched. */
      readonly accountsServer: string | undefined
    }
  /** Zoho's `error`, such as `access_denied`: there is no code. */
  | { readonly kind: 'refused'; readonly error: string }
  /** Not the answer to what this session started. `detail` is for the operator, and holds nothing of the URL. */
  | { readonly kind: 'foreign'; readonly detail: string }

/** What is read of a callback; each of them must not come twice. */
const PARAMETERS = ['code', 'state', 'location', 'accounts-server', 'error'] as const

/**
 * Reads the callback of an authorization request (RFC 6749 section 4.1.2, Zoho's multi-DC page).
 *
 * Total: whatever comes, the answer is one of three. Only the query counts, so that a URL from its path on will do.
 *
 * @param state What this session started with.
 */
export function readCallback(callbackUrl: string | URL, state: string): Callback {
  const text = String(callbackUrl)
  if (text.length > MAX_CALLBACK) return foreign('the callback is longer than any of Zoho')
  const base = 'http://callback.invalid'
  if (!URL.canParse(text, base)) return foreign('the callback is no URL')
  const query = new URL(text, base).searchParams
  for (const name of PARAMETERS)
    if (query.getAll(name).length > 1) return foreign(`the callback has "${name}" more than once`)
  if (!isSameText(query.get('state') ?? '', state)) return foreign('the state is not the one of this session')
  const error = query.get('error')
  if (error !== null)
    return { kind: 'refused', error: ERROR_NAME.test(error) ? error.toLowerCase() : 'unknown' }
  const code = query.get('code') ?? ''
  if (code.length > MAX_CODE || !PRINTABLE.test(code)) return foreign('the callback has no usable code')
  const location = query.get('location') ?? undefined
  if (location !== undefined && !isDataCenter(location))
    return foreign('the location is not in the table of data centres; a newer version may know it')
  return { kind: 'code', code, location, accountsServer: query.get('accounts-server') ?? undefined }
}

/** What an error of OAuth may look like (RFC 6749 section 4.1.2.1). */
const ERROR_NAME = /^[A-Za-z_ -]{1,40}$/

const PRINTABLE = /^[\x21-\x7e]+$/

const foreign = (detail: string): Callback => ({ kind: 'foreign', detail })

/** Compares without telling by the time it takes where two texts differ. Empty is like nothing. */
function isSameText(one: string, other: unknown): boolean {
  if (typeof other !== 'string' || one === '' || other === '') return false
  const { createHash, timingSafeEqual } = process.getBuiltinModule('node:crypto')
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}
