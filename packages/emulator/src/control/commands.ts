import type { CodeChallengeMethod } from '../codes.js'
import type { DataCenter } from '../data-centers.js'
import type { Emulator } from '../emulator.js'
import { FAULT_FORMS, type Fault } from '../faults.js'
import type { Environment } from '../people.js'
import { fingerprint } from '../secrets.js'
import { BadRequest, type Fields } from './fields.js'
import { faultAsJson, grantAsJson, tokenAsJson } from './masked-lists.js'
import { overview } from './overview.js'

/** Entries that one `GET /requests` or `GET /grants` answers with at most. */
const MAX_LISTED = 1_000

/** One thing that can be asked of the control API. Reads all its fields, then acts, and returns the JSON answer. */
export type Command = (emulator: Emulator, fields: Fields, query: URLSearchParams) => unknown

/** The control API: method and path below `/__emulator`. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['GET /overview', overview],
  ['GET /counters', (emulator) => emulator.counters],
  ['POST /counters-of', countersOf],
  ['POST /reset', (emulator, fields) => acted(fields, () => emulator.reset())],
  ['GET /rules', (emulator) => emulator.rules],
  ['GET /env', (emulator) => emulator.env()],
  ['GET /clock', clock],
  ['POST /clock', turnClock],
  ['GET /faults', (emulator) => ({ faults: emulator.faults.map(faultAsJson) })],
  ['POST /faults', addFault],
  ['DELETE /faults', (emulator, fields) => acted(fields, () => emulator.clearFaults())],
  ['GET /fault-kinds', () => ({ faultKinds: FAULT_FORMS })],
  ['POST /throttle', throttle],
  ['GET /grants', listGrants],
  ['POST /grants', createGrant],
  ['POST /revoke-grant', revokeGrant],
  ['POST /codes', createCode],
  ['GET /tokens', listTokens],
  ['POST /tokens', issueToken],
  ['POST /kill-token', killToken],
  ['POST /kill-tokens', killTokens],
  ['GET /requests', listRequests],
])

function acted(fields: Fields, act: () => void): unknown {
  fields.done()
  act()
  return { done: true }
}

function countersOf(emulator: Emulator, fields: Fields): unknown {
  const refreshToken = fields.required('refreshToken', 'text')
  fields.done()
  return {
    counters: emulator.countersOf(refreshToken),
    maxTokensInWindow: emulator.maxTokensInWindow(refreshToken),
  }
}

function clock(emulator: Emulator): unknown {
  return { now: emulator.now(), frozen: emulator.frozen }
}

function turnClock(emulator: Emulator, fields: Fields): unknown {
  const advanceMs = fields.optional('advanceMs', 'number')
  const freeze = fields.optional('freeze', 'flag')
  const unfreeze = fields.optional('unfreeze', 'flag')
  fields.done()
  if (freeze === true && unfreeze === true) throw new BadRequest('freeze and unfreeze exclude each other')
  if (advanceMs === undefined && freeze !== true && unfreeze !== true)
    throw new BadRequest('one of advanceMs, freeze, unfreeze must be given')
  if (freeze === true) emulator.freeze()
  if (advanceMs !== undefined) emulator.advance(advanceMs)
  if (unfreeze === true) emulator.unfreeze()
  return clock(emulator)
}

/** JSON has no infinity: `"forever"` stands for it both ways. */
function addFault(emulator: Emulator, fields: Fields): unknown {
  const { times, ...fault } = fields.all()
  const count = times === 'forever' ? Number.POSITIVE_INFINITY : times
  // checked by `fault`, which knows the kinds
  emulator.fault((count === undefined ? fault : { ...fault, times: count }) as unknown as Fault)
  return { done: true }
}

function throttle(emulator: Emulator, fields: Fields): unknown {
  const ms = fields.optional('ms', 'number')
  const off = fields.optional('off', 'flag')
  fields.done()
  if (off === true && ms !== undefined) throw new BadRequest('ms and off exclude each other')
  if (off === true) emulator.unthrottle()
  else emulator.throttle(ms)
  return { done: true }
}

function listGrants(emulator: Emulator): unknown {
  const { grants } = emulator
  return {
    total: grants.length,
    grants: grants.slice(-MAX_LISTED).map((grant) => ({
      ...grantAsJson(grant),
      counters: emulator.countersOf(grant.refreshToken),
      maxTokensInWindow: emulator.maxTokensInWindow(grant.refreshToken),
    })),
  }
}

function createGrant(emulator: Emulator, fields: Fields): unknown {
  const user = fields.optional('user', 'text')
  // checked by `createGrant`, which knows the data centres and environments
  const dataCenter = fields.optional('dataCenter', 'text') as DataCenter | undefined
  const organization = fields.optional('organization', 'text')
  const environment = fields.optional('environment', 'text') as Environment | undefined
  const scopes = fields.optional('scopes', 'texts')
  const rateLimited = fields.optional('rateLimited', 'flag')
  fields.done()
  return emulator.createGrant({ user, dataCenter, organization, environment, scopes, rateLimited })
}

function revokeGrant(emulator: Emulator, fields: Fields): unknown {
  const refreshToken = secret(fields, 'refreshToken', () =>
    emulator.grants.map((grant) => grant.refreshToken),
  )
  fields.done()
  return { revoked: emulator.revokeGrant(refreshToken) }
}

function createCode(emulator: Emulator, fields: Fields): unknown {
  const options = {
    user: fields.optional('user', 'text'),
    dataCenter: fields.optional('dataCenter', 'text') as DataCenter | undefined,
    organization: fields.optional('organization', 'text'),
    environment: fields.optional('environment', 'text') as Environment | undefined,
    scopes: fields.optional('scopes', 'texts'),
    lifeMs: fields.optional('lifeMs', 'number'),
    offline: fields.optional('offline', 'flag'),
    redirectUri: fields.optional('redirectUri', 'text'),
    codeChallenge: fields.optional('codeChallenge', 'text'),
    codeChallengeMethod: challengeMethod(fields),
  }
  fields.done()
  return { code: emulator.createCode(options) }
}

function challengeMethod(fields: Fields): CodeChallengeMethod | undefined {
  const method = fields.optional('codeChallengeMethod', 'text')
  if (method === undefined || method === 'S256' || method === 'plain') return method
  throw new BadRequest('codeChallengeMethod must be S256 or plain')
}

function listTokens(emulator: Emulator): unknown {
  const tokens = emulator.liveTokens()
  return {
    now: emulator.now(),
    total: tokens.length,
    tokens: tokens.slice(-MAX_LISTED).map(tokenAsJson),
  }
}

function issueToken(emulator: Emulator, fields: Fields): unknown {
  const refreshToken = fields.optional('refreshToken', 'text')
  const outsideQuota = fields.optional('outsideQuota', 'flag')
  fields.done()
  return emulator.issueToken(refreshToken, { outsideQuota })
}

function killToken(emulator: Emulator, fields: Fields): unknown {
  const accessToken = secret(fields, 'accessToken', () =>
    emulator.liveTokens().map((token) => token.accessToken),
  )
  fields.done()
  return { killed: emulator.killToken(accessToken) }
}

function killTokens(emulator: Emulator, fields: Fields): unknown {
  const refreshToken = fields.optional('refreshToken', 'text')
  fields.done()
  return { killed: emulator.killTokens(refreshToken) }
}

/** `?after=` an id leaves out what was seen before; `?limit=` keeps the newest. */
function listRequests(emulator: Emulator, _: Fields, query: URLSearchParams): unknown {
  const after = count(query, 'after', 0)
  const limit = Math.min(count(query, 'limit', MAX_LISTED), MAX_LISTED)
  const newer = emulator.requests.filter(({ id }) => id > after)
  return { total: newer.length, requests: limit === 0 ? [] : newer.slice(-limit) }
}

function count(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name)
  if (text === null) return otherwise
  const value = Number(text)
  if (text === '' || !Number.isInteger(value) || value < 0)
    throw new BadRequest(`${name} must be a whole number, 0 or more`)
  return value
}

/** A secret by itself, or by the `id` of a masked list. */
function secret(fields: Fields, name: string, known: () => readonly string[]): string {
  const value = fields.optional(name, 'text')
  const id = fields.optional('id', 'text')
  if ((value === undefined) === (id === undefined))
    throw new BadRequest(`one of ${name} and id must be given`)
  return value ?? known().find((candidate) => fingerprint(candidate) === id) ?? ''
}
