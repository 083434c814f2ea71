import {
  type Connection,
  type ConnectionStore,
  createZohoAuth,
  isZohoAuthError,
  type Token,
  type TokenStore,
  type ZohoAuth,
  type ZohoAuthEvents,
  type ZohoAuthOptions,
} from '@zoho-auth/core'
import { DEFAULT_CONNECTION } from '@zoho-auth/core/adapter'
import type { OpenedStores, TokenRecord } from '@zoho-auth/core/store'
import type { Context } from './context.js'
import { storeFault, usage } from './failure.js'
import { locationOf, openLocation, type StoreLocation } from './location.js'
import { isScratch } from './scratch.js'

/** Connections that are listed at most, if none is named. */
export const MAX_LISTED = 100

/** How a line of the engine begins that tells of a failure. */
const FAILURE = /^ERR_ZOHO_/

/** What a command works on: an engine of core, and the stores behind it. */
export interface Session {
  readonly zoho: ZohoAuth
  readonly location: StoreLocation
  readonly stores: OpenedStores | undefined
  /** What the token store said when it was last looked at. @throws ZohoAuthError `ERR_ZOHO_STORE` if it failed then. */
  seen(): TokenRecord | undefined
  close(): Promise<void>
}

/**
 * Opens the stores that the variables name, and an engine on them.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG`
 */
async function openSession({ screen }: Context, options: ZohoAuthOptions = {}): Promise<Session> {
  const location = locationOf()
  return sessionOn(location, await openLocation(location), {
    // Failures are what a command reports itself.
    logger: { warn: (text) => (FAILURE.test(text) ? undefined : screen.warn(text)) },
    ...options,
  })
}

/** The same on stores that are open. @throws ZohoAuthError `ERR_ZOHO_CONFIG` */
export function sessionOn(
  location: StoreLocation,
  stores: OpenedStores | undefined,
  options: ZohoAuthOptions,
): Session {
  let last: Look = { record: undefined }
  const saw = (look: Look): void => {
    last = look
  }
  const zoho = createZohoAuth({
    ...(stores && { tokens: observed(stores.tokens, saw) }),
    ...(stores && !location.single && { connections: stores.connections }),
    ...options,
  })
  return {
    zoho,
    location,
    stores,
    seen() {
      if ('fault' in last) throw storeFault(last.fault)
      return last.record
    },
    async close() {
      await zoho.close()
      await stores?.close()
    },
  }
}

/** Runs `work` on a session, and closes it whatever happens. */
export async function withSession<T>(
  context: Context,
  work: (session: Session) => Promise<T>,
  options?: ZohoAuthOptions,
): Promise<T> {
  const session = await openSession(context, options)
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

/** What can be told of a connection without opening what is sealed. */
type Listed = Pick<Connection, 'id' | 'dataCenter' | 'state' | 'label' | 'scopes'>

/** Connections, and whether there are more than were asked for. */
interface Listing {
  readonly connections: readonly Listed[]
  readonly more: boolean
}

/** The connections of the store, by id; in single mode `undefined`. @throws ZohoAuthError `ERR_ZOHO_STORE` */
export async function listed(session: Session, most: number = MAX_LISTED): Promise<Listing | undefined> {
  const { stores, location } = session
  if (location.single || stores === undefined) return undefined
  const connections: Listed[] = []
  try {
    for await (const { id, dataCenter, state, label, scopes } of stores.connections.list()) {
      if (isScratch(id)) continue
      if (connections.length >= most) return { connections: sorted(connections), more: true }
      connections.push({
        id,
        dataCenter,
        state,
        ...(label === undefined ? {} : { label }),
        ...(scopes === undefined ? {} : { scopes }),
      })
    }
  } catch (error) {
    throw storeFault(error)
  }
  return { connections: sorted(connections), more: false }
}

function sorted(connections: readonly Listed[]): Listed[] {
  return [...connections].sort(({ id: one }, { id: other }) => (one < other ? -1 : 1))
}

/** Whether a store holds any connection. @throws ZohoAuthError `ERR_ZOHO_STORE` */
export async function holdsConnections(connections: ConnectionStore): Promise<boolean> {
  try {
    for await (const { id } of connections.list()) if (!isScratch(id)) return true
    return false
  } catch (error) {
    throw storeFault(error)
  }
}

/**
 * The connection that a command is for: the one that was named, else the only one there is. Never "the first".
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG` if there are none, or several.
 */
export async function chosen(session: Session, named: string | undefined): Promise<string> {
  if (named !== undefined) return named
  const listing = await listed(session, 2)
  if (listing === undefined) return DEFAULT_CONNECTION
  const [only, second] = listing.connections
  if (only === undefined)
    throw usage(`there is no connection in ${session.location.name}`, 'Connect one: zoho-auth login')
  if (second !== undefined || listing.more)
    throw usage(
      `there are several connections in ${session.location.name}`,
      'Name one with --connection <id>; zoho-auth status lists them.',
    )
  return only.id
}

/** A new token, and what was seen while it was made. */
export interface FreshToken {
  readonly token: Token
  readonly durationMs: number | undefined
  /** An `api_domain` of Zoho's that is not used, as it may be shown. */
  readonly ignoredApiDomain: string | undefined
}

/** A fresh token, made now: one that is there already is not enough. */
export async function freshToken(
  zoho: ZohoAuth,
  connection: string,
  signal: AbortSignal,
): Promise<FreshToken> {
  let made: ZohoAuthEvents['token.refreshed'] | undefined
  const off = zoho.on('token.refreshed', (event) => {
    if (event.connection === connection) made = event
  })
  try {
    let token = await zoho.getToken({ connection, signal })
    if (made === undefined) token = await zoho.getToken({ connection, signal, rejectedToken: token.value })
    return { token, durationMs: made?.durationMs, ignoredApiDomain: made?.ignoredApiDomain }
  } finally {
    off()
  }
}

/** One look at the token store. */
type Look = { readonly record: TokenRecord | undefined } | { readonly fault: unknown }

/** The same store, which also tells what it was seen to hold: core's status leaves out when a token was made. */
function observed(inner: TokenStore, saw: (look: Look) => void): TokenStore {
  return {
    ...(inner.durable === undefined ? {} : { durable: inner.durable }),
    ...(inner.ready && { ready: async () => inner.ready?.() }),
    acquire: (key, request) => inner.acquire(key, request),
    commit: (key, lease, value, lifeMs) => inner.commit(key, lease, value, lifeMs),
    release: (key, lease, options) => inner.release(key, lease, options),
    invalidate: (key, cooldown) => inner.invalidate(key, cooldown),
    ...(inner.changed && { changed: async (key, signal) => inner.changed?.(key, signal) }),
    async inspect(key) {
      // Until it answers; core does not wait for ever.
      saw({ fault: new Error('the store did not answer in time') })
      try {
        const record = await inner.inspect(key)
        saw({ record })
        return record
      } catch (fault) {
        saw({ fault })
        throw fault
      }
    },
  }
}

/** Whether a write was refused because somebody else had written. */
export function isConflict(thrown: unknown): boolean {
  return isZohoAuthError(thrown) && thrown.code === 'ERR_ZOHO_CONFLICT'
}
