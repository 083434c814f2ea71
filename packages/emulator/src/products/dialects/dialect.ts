import { type Answer, HTML_TYPE, html, json } from '../../answer.js'

/** How one product refuses a request. */
export interface Dialect {
  /** No token came, or a blank one. */
  readonly blank: Answer
  /** The token is expired, forgotten, revoked, of another data centre, or was never a token. */
  readonly dead: Answer
  /** The second words for the same, if two are known; otherwise the first again. Only a fault asks for them. */
  readonly deadVariant: Answer
  /** The grant lacks the scope. */
  readonly scope: Answer
  /** The user may not do this. */
  readonly permission: Answer
  /** There is nothing at this path. Only a fault asks for it. */
  readonly missing: Answer
}

/** What the request log calls each kind of refusal. */
const OUTCOMES: Readonly<Record<keyof Dialect, string>> = {
  blank: 'blank-token',
  dead: 'dead-token',
  deadVariant: 'dead-token',
  scope: 'scope-mismatch',
  permission: 'no-permission',
  missing: 'missing-resource',
}

/** A status, and: a JSON body; or the title of a web page; or `null` for a blank page. */
type Words = readonly [status: number, body: object | string | null]

export type DialectWords = Readonly<Record<'blank' | 'dead' | 'scope' | 'permission', Words>> &
  Readonly<Partial<Record<'deadVariant' | 'missing', Words>>>

export function dialect(words: DialectWords): Dialect {
  const answer = (kind: keyof Dialect, [status, body]: Words): Answer => {
    if (body === null) return { status, body: '', contentType: HTML_TYPE, outcome: OUTCOMES[kind] }
    if (typeof body === 'string') return html(status, body, OUTCOMES[kind])
    return json(status, body, OUTCOMES[kind])
  }
  return {
    blank: answer('blank', words.blank),
    dead: answer('dead', words.dead),
    deadVariant: answer('deadVariant', words.deadVariant ?? words.dead),
    scope: answer('scope', words.scope),
    permission: answer('permission', words.permission),
    missing: answer('missing', words.missing ?? [404, null]),
  }
}
