/** How long a browser keeps them, in seconds (ten minutes): as long as a consent may take. */
const COOKIE_LIFE_S = 600

/** Consents that one browser may have under way at once, such as in several tabs; the oldest goes first. */
const MAX_FLOWS = 4

/** The longest `Cookie` header that is read, in characters. */
const MAX_COOKIES = 32_768

/** Consents under way in this browser. `__Host-`: of this very host, sent over https alone (or this machine itself). */
export const FLOWS_COOKIE = '__Host-zoho-connect'

/** What was connected last in this browser, until the user has looked at it. */
export const RESULT_COOKIE = '__Host-zoho-connected'

/** One consent under way. */
export interface Flow {
  readonly state: string
  readonly returnTo: string
}

/** What the result page shows. Nothing of it is secret, and nothing of it is believed. */
export interface Result {
  /** Of the forms on the page: what another site cannot know. */
  readonly ticket: string
  /** A digest of the state: a callback that comes twice is answered with the same page. */
  readonly state: string
  readonly connection: string
  readonly dataCenter: string
  readonly scopes: readonly string[]
  /** A digest of what was made: only that is undone. */
  readonly grant: string
  readonly user?: string | undefined
  readonly organization?: string | undefined
  readonly returnTo: string
}

/** The flows with one more. */
export function withFlow(flows: readonly Flow[], flow: Flow): readonly Flow[] {
  return [...flows, flow].slice(-MAX_FLOWS)
}

export function readFlows(header: string | undefined): readonly Flow[] {
  const flows = read(header, FLOWS_COOKIE)
  return Array.isArray(flows) ? flows.filter(isFlow).slice(-MAX_FLOWS) : []
}

export function readResult(header: string | undefined): Result | undefined {
  const result = read(header, RESULT_COOKIE)
  return isResult(result) ? result : undefined
}

/** A `Set-Cookie` header. `undefined` as value: gone. */
export function cookie(name: string, value: unknown): string {
  const text = value === undefined ? '' : Buffer.from(JSON.stringify(value)).toString('base64url')
  const life = value === undefined ? 0 : COOKIE_LIFE_S
  return `${name}=${text}; Path=/; Max-Age=${life}; HttpOnly; Secure; SameSite=Lax`
}

function read(header: string | undefined, name: string): unknown {
  if (header === undefined || header.length > MAX_COOKIES) return undefined
  for (const pair of header.split(';')) {
    const [key, value] = pair.trim().split('=', 2)
    if (key !== name || value === undefined) continue
    try {
      return JSON.parse(Buffer.from(value, 'base64url').toString('utf8'))
    } catch {
      return undefined
    }
  }
  return undefined
}

function isFlow(value: unknown): value is Flow {
  const { state, returnTo } = (value ?? {}) as Flow
  return typeof state === 'string' && typeof returnTo === 'string'
}

function isResult(value: unknown): value is Result {
  const result = (value ?? {}) as Result
  return (
    [result.ticket, result.state, result.connection, result.dataCenter, result.grant, result.returnTo].every(
      (text) => typeof text === 'string',
    ) &&
    [result.user, result.organization].every((text) => text === undefined || typeof text === 'string') &&
    Array.isArray(result.scopes) &&
    result.scopes.every((scope) => typeof scope === 'string')
  )
}
