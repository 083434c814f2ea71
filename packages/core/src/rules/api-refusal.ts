import type { Product } from '../words/data-centers.js'
import { parseObject } from './token-response.js'

/**
 * What an API answer says about the token that was sent.
 *
 * - `dead`: the API no longer knows the token; another one may help.
 * - `denied`: the token is fine, but lacks a scope or an organisation; no refresh can help.
 * - `fine`: nothing is wrong with the token.
 */
export type TokenVerdict = 'dead' | 'denied' | 'fine'

/** How one family of products says it. Codes are compared without regard to case. */
interface Dialect {
  /** Statuses with which a dead token is refused. */
  readonly statuses: readonly number[]
  readonly dead: readonly string[]
  readonly denied: readonly string[]
}

const CRM: Dialect = {
  statuses: [401],
  dead: ['INVALID_TOKEN', 'INVALID_OAUTHTOKEN', 'AUTHENTICATION_FAILURE'],
  denied: ['OAUTH_SCOPE_MISMATCH', 'INVALID_OAUTHSCOPE', 'NO_PERMISSION'],
}
// Code 57 is also what a missing scope looks like: one refresh at most, then it is passed through.
const BOOKS: Dialect = { statuses: [401], dead: ['57', 'INVALID_OAUTHTOKEN'], denied: ['14'] }
const COMMON: Dialect = {
  statuses: [401],
  dead: ['INVALID_OAUTHTOKEN', 'INVALID_TOKEN'],
  denied: ['INVALID_OAUTHSCOPE', 'OAUTH_SCOPE_MISMATCH', 'INVALID_TICKET'],
}

/**
 * One row per product (zoho-facts section 4, with a source for each). A 401 that is not listed as dead, an empty one
 * included, is passed through: "nothing was sent" and "not allowed" also come as 401.
 */
const DIALECTS: Readonly<Record<Product, Dialect>> = Object.freeze({
  accounts: COMMON,
  analytics: { statuses: [401], dead: ['8535', 'INVALID_OAUTHTOKEN'], denied: ['8518'] },
  bigin: CRM,
  books: BOOKS,
  cliq: { statuses: [401], dead: ['oauthtoken_invalid'], denied: ['oauthtoken_scope_invalid'] },
  creator: { statuses: [401], dead: ['1030'], denied: ['1000', '1130'] },
  crm: CRM,
  desk: {
    statuses: [401],
    dead: ['INVALID_OAUTH'],
    denied: ['SCOPE_MISMATCH', 'OAUTH_ORG_MISMATCH', 'LICENSE_ACCESS_LIMITED', 'UNAUTHORIZED'],
  },
  expense: BOOKS,
  fsm: CRM,
  inventory: BOOKS,
  invoice: BOOKS,
  mail: { statuses: [401], dead: ['INVALID_OAUTHTOKEN'], denied: ['INVALID_TICKET'] },
  people: { statuses: [401], dead: ['7213'], denied: ['7202'] },
  phonebridge: { statuses: [400, 401], dead: ['INVALID_TOKEN'], denied: [] },
  projects: {
    statuses: [401],
    dead: ['INVALID_OAUTHTOKEN'],
    denied: ['INVALID_TICKET', 'INVALID_OAUTHSCOPE'],
  },
  recruit: CRM,
  sprints: { statuses: [401], dead: ['INVALID_OAUTHTOKEN'], denied: ['7601', '7401.14'] },
})

/** For a URL whose product is not known: what every product means by it. Bare numbers mean something else elsewhere. */
const UNKNOWN: Dialect = {
  statuses: [401],
  dead: [
    'INVALID_TOKEN',
    'INVALID_OAUTHTOKEN',
    'AUTHENTICATION_FAILURE',
    'INVALID_OAUTH',
    'oauthtoken_invalid',
  ],
  denied: [],
}

/** First segments of API paths, in the order in which they are tried. */
const PATHS: readonly (readonly [prefix: string, product: Product])[] = Object.freeze([
  ['/recruit/', 'recruit'],
  ['/crm/', 'crm'],
  ['/bigin/', 'bigin'],
  ['/books/', 'books'],
  ['/invoice/', 'invoice'],
  ['/inventory/', 'inventory'],
  ['/expense/', 'expense'],
  ['/people/', 'people'],
  ['/creator/', 'creator'],
  ['/fsm/', 'fsm'],
  ['/phonebridge/', 'phonebridge'],
  ['/restapi/v2/', 'analytics'],
  ['/zsapi/', 'sprints'],
  ['/oauth/', 'accounts'],
  ['/api/v1/', 'desk'],
  ['/api/v2/', 'cliq'],
  ['/api/v3/', 'projects'],
  ['/api/', 'mail'],
] as const)

/** First labels of hosts that are one product's own. */
const LABELS: Readonly<Record<string, Product>> = Object.freeze({
  accounts: 'accounts',
  analytics: 'analytics',
  analyticsapi: 'analytics',
  books: 'books',
  cliq: 'cliq',
  creator: 'creator',
  crm: 'crm',
  desk: 'desk',
  expense: 'expense',
  inventory: 'inventory',
  invoice: 'invoice',
  mail: 'mail',
  people: 'people',
  projects: 'projects',
  projectsapi: 'projects',
  recruit: 'recruit',
  sprints: 'sprints',
  sprintsapi: 'sprints',
})

/** Which product a URL belongs to: by its host where the product has one, else by its path. */
export function productOf(url: URL): Product | undefined {
  const label = url.hostname.slice(0, url.hostname.indexOf('.'))
  if (Object.hasOwn(LABELS, label)) return LABELS[label]
  return PATHS.find(([prefix]) => url.pathname.startsWith(prefix))?.[1]
}

/** Statuses whose bodies are worth reading: no product refuses a token with any other. */
export function mayRefuseToken(status: number): boolean {
  return status === 401 || status === 400
}

/** Most of a body that is looked at, in characters. A refusal is short. */
export const LONGEST_REFUSAL = 65_536

/**
 * Judges an API answer.
 *
 * @param body The body as text; only looked at for the statuses of {@link mayRefuseToken}.
 */
export function judgeApiAnswer(product: Product | undefined, status: number, body: string): TokenVerdict {
  if (!mayRefuseToken(status) && status !== 403) return 'fine'
  const dialect = product === undefined ? UNKNOWN : DIALECTS[product]
  const codes = codesIn(body.slice(0, LONGEST_REFUSAL))
  const has = (list: readonly string[]): boolean => list.some((code) => codes.has(code.toUpperCase()))
  if (dialect.statuses.includes(status) && has(dialect.dead)) return 'dead'
  return has(dialect.denied) || [...codes].some((code) => code.includes('SCOPE')) ? 'denied' : 'fine'
}

/** Every place in which one of Zoho's products puts its error code. */
function codesIn(body: string): Set<string> {
  const root = parseObject(body)
  const codes = new Set<string>()
  const add = (holder: unknown): void => {
    if (typeof holder !== 'object' || holder === null) return
    for (const key of ['code', 'errorCode', 'error_code', 'title', 'message', 'error', 'cause']) {
      const value = (holder as Record<string, unknown>)[key]
      if (typeof value === 'string' || typeof value === 'number')
        codes.add(String(value).trim().toUpperCase())
    }
  }
  if (root === undefined) return codes
  add(root)
  add(root.error)
  add(root.data)
  const { errors } = (root.response ?? {}) as { errors?: unknown }
  add(errors)
  if (Array.isArray(errors)) add(errors[0])
  return codes
}
