import type { GivenName } from './givens.js'
import type { HoldsName } from './holds.js'

/** The limit of a request of the processes that are killed, in milliseconds. */
export const TIMEOUT_MS = 1_500
/** How long one that died may hold others up, in milliseconds: by the lease of a refresh, and by that of a new grant. */
const REFRESH_LEASE_MS: number = TIMEOUT_MS + 1_000
const GRANT_LEASE_MS = 2_000

/** One operation that is killed. */
export interface Operation {
  readonly name: string
  /** What there is before, and what is done then: see `givens.ts`. */
  readonly given: GivenName
  /** What must hold afterwards: see `holds.ts`. */
  readonly holds: HoldsName
  /** How long a process that died may hold others up, in milliseconds. */
  readonly heldUpMs: number
  /** Other processes wait for what the killed one is doing. */
  readonly othersWait?: true
  /** Kills of the whole form, for each store. */
  readonly kills: number
  /** Moments that are hit in either form, by the name of a step (see `README.md`); the others are spread over the operation. */
  readonly at: readonly string[]
}

/** What is attacked. A case more is a row more. */
export const TABLE: readonly Operation[] = [
  {
    name: 'refresh, cold',
    given: 'connected',
    holds: 'usable',
    heldUpMs: REFRESH_LEASE_MS,
    othersWait: true,
    kills: 70,
    at: ['sent /oauth/v2/token', 'answered /oauth/v2/token', 'tokens.commit', 'tokens.commit done'],
  },
  {
    name: 'refresh, ahead',
    given: 'stale token',
    holds: 'usable',
    heldUpMs: REFRESH_LEASE_MS,
    kills: 25,
    at: ['sent /oauth/v2/token', 'answered /oauth/v2/token', 'tokens.commit'],
  },
  {
    name: 'refresh after a 401',
    given: 'refused token',
    holds: 'usable',
    heldUpMs: REFRESH_LEASE_MS,
    kills: 25,
    at: ['sent /oauth/v2/token', 'tokens.commit', 'sent /crm/v2/Leads'],
  },
  {
    name: 'consent',
    given: 'accepted consent',
    holds: 'whole or none',
    heldUpMs: GRANT_LEASE_MS,
    kills: 40,
    at: ['asks /oauth/user/info', 'sent /oauth/v2/token', 'answered /oauth/v2/token', 'connections.put done'],
  },
  {
    name: 'self-client code',
    given: 'self-client code',
    holds: 'whole or none',
    heldUpMs: GRANT_LEASE_MS,
    kills: 25,
    at: ['sent /oauth/user/info', 'connections.put', 'answered /oauth/v2/token'],
  },
  {
    name: 'reconsent',
    given: 'accepted reconsent',
    holds: 'old or new',
    heldUpMs: GRANT_LEASE_MS,
    kills: 30,
    at: ['connections.put', 'asks /oauth/user/info', 'sent /oauth/v2/token', 'connections.put done'],
  },
  {
    name: 'close() during a consent',
    given: 'consent to be closed',
    holds: 'whole or none',
    heldUpMs: GRANT_LEASE_MS,
    kills: 25,
    at: ['answered /oauth/v2/token', 'connections.put done', 'sent /oauth/v2/token'],
  },
  {
    name: 'undo of a consent',
    given: 'wrong account',
    holds: 'undone by the next',
    heldUpMs: 0,
    kills: 25,
    at: ['connections.put done', 'sent /oauth/v2/token/revoke', 'answered /oauth/v2/token/revoke'],
  },
  {
    name: 'revoke',
    given: 'token in use',
    holds: 'revoked by the next',
    heldUpMs: 0,
    kills: 30,
    at: ['asks /oauth/v2/token/revoke', 'sent /oauth/v2/token/revoke', 'answered /oauth/v2/token/revoke'],
  },
  {
    name: 'revokeAll',
    given: 'a tenant',
    holds: 'all revoked by the next',
    heldUpMs: 0,
    kills: 20,
    at: ['asks /oauth/v2/token/revoke', 'answered /oauth/v2/token/revoke', 'connections.put done'],
  },
  {
    name: 'rotateKeys',
    given: 'rows under an old key',
    holds: 'every row opens',
    heldUpMs: 0,
    kills: 25,
    at: ['connections.put', 'connections.put done'],
  },
  {
    name: 'put of a sealed connection',
    given: 'another grant at hand',
    holds: 'one of both',
    heldUpMs: 0,
    kills: 25,
    at: ['connections.put', 'connections.put done'],
  },
  {
    name: 'first start, empty store',
    given: 'nothing',
    holds: 'the next one starts',
    heldUpMs: REFRESH_LEASE_MS,
    kills: 25,
    at: ['connections.put', 'sent /oauth/v2/token'],
  },
]

/** Moments of every operation, where its store meets the system. */
export const STORE_MOMENTS = {
  file: ['half written', 'rename', 'symlink done', 'rename done', 'mkdir done'],
  redis: ['told the store'],
  postgres: ['told the store'],
} as const
