import { createHash, randomBytes, randomInt } from 'node:crypto'

const CLIENT_ID_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** A token or code in Zoho's shape: a cluster number and two times 32 hex digits. */
export function newToken(): string {
  const hex = randomBytes(32).toString('hex')
  return `1000.${hex.slice(0, 32)}.${hex.slice(32)}`
}

/** A client id in Zoho's shape: `1000.` and 30 upper-case characters. */
export function newClientId(): string {
  return `1000.${Array.from({ length: 30 }, () => CLIENT_ID_LETTERS[randomInt(CLIENT_ID_LETTERS.length)]).join('')}`
}

/** A client secret in Zoho's shape: 42 hex digits. */
export function newClientSecret(): string {
  return randomBytes(21).toString('hex')
}

const SHOWN_DIGITS = 4
/** A token or code, or a client secret. */
const SECRET_SHAPE = /\b(?:\d{4}\.[0-9a-f]{32}\.[0-9a-f]{32}|[0-9a-f]{42})\b/gi

/** Parameters whose value is never logged. */
const SECRET_PARAMETERS: ReadonlySet<string> = new Set([
  'access_token',
  'client_secret',
  'code',
  // by the method `plain` it is the verifier itself
  'code_challenge',
  'code_verifier',
  'refresh_token',
  'ticket',
  'token',
])

/** Leaves the last four characters, enough to tell two tokens of one test apart. */
export function masked(secret: string): string {
  return secret.length > 2 * SHOWN_DIGITS ? `****${secret.slice(-SHOWN_DIGITS)}` : '****'
}

/** A short name for a secret that does not give it away: the first 12 hex digits of its SHA-256. */
export function fingerprint(secret: string): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 12)
}

/** Masks an `Authorization` header and keeps its scheme. */
export function maskedAuthorization(header: string): string {
  const [scheme, ...rest] = header.split(' ')
  return rest.length === 0 ? masked(header) : `${scheme} ${masked(rest.join(' '))}`
}

/** Masks whatever looks like a token or a client secret in a text. */
export function maskedText(text: string): string {
  return text.replace(SECRET_SHAPE, masked)
}

/** A query with the values of secret parameters masked. */
export function maskedQuery(query: URLSearchParams): string {
  const shown = new URLSearchParams()
  for (const [name, value] of query)
    shown.append(name, SECRET_PARAMETERS.has(name) ? masked(value) : maskedText(value))
  return shown.toString()
}
