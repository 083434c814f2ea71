import { createZohoAuth, type DataCenter, memoryConnectionStore, memoryTokenStore } from '@zoho-auth/core'
import { DEFAULT_CONNECTION } from '@zoho-auth/core/adapter'
import type { OpenedStores } from '@zoho-auth/core/store'
import type { Context } from '../context.js'
import { DEFAULT_STORE, locationOf, openLocation, type StoreLocation } from '../location.js'
import { listed, type Session, sessionOn } from '../session.js'
import { checkAccountsServer, checkForwardProxy } from './accounts-server.js'
import { checkConnection, type Wanted } from './connection.js'
import { type Finding, fault, ok, skipped } from './finding.js'
import { watchRequests } from './requests.js'
import { checkRows } from './rows.js'
import { checkStore } from './store.js'
import { checkKeys, checkPackage, variableFaults, variablesAreFine } from './variables.js'

/** Connections that Zoho is asked about, if none is named: each costs one of its tokens. */
const MAX_LIVE = 5

/** What is to be looked at. */
export interface Examination extends Wanted {
  /** One connection; else the first few. */
  readonly connection: string | undefined
  /** Variables that came from `.env`; `undefined` if there is none. */
  readonly fromEnvFile: number | undefined
}

/**
 * Looks at everything in the order in which one thing needs the other, and hands on each finding as it is made. With
 * variables that are wrong, nothing is opened or sent.
 *
 * @returns Whether the configuration can be used at all.
 */
export async function examine(
  examination: Examination,
  { signal }: Context,
  found: (findings: readonly Finding[]) => void,
): Promise<boolean> {
  found([ok('Node', process.version), envFile(examination)])
  const session = await prepared(found)
  if (session === undefined) {
    found([skipped('store, accounts server, live check', 'the configuration has to be right first')])
    return false
  }
  try {
    await inspect(session, examination, signal, found)
    return true
  } finally {
    await session.close()
  }
}

function envFile({ fromEnvFile }: Examination): Finding {
  return fromEnvFile === undefined
    ? skipped('.env', 'there is none in this folder; variables come from the environment alone')
    : ok('.env', `read; ${fromEnvFile} variables come from it`)
}

/** Variables, keys, the package of the store: all faults of these at once. */
async function prepared(found: (findings: readonly Finding[]) => void): Promise<Session | undefined> {
  const faults: Finding[] = []
  let location: StoreLocation | undefined
  let stores: OpenedStores | undefined
  let session: Session | undefined
  const logger = { warn() {} }
  try {
    location = locationOf()
    if (location.named || location.single) stores = await openLocation(location)
    else faults.push(NOTHING_NAMED)
  } catch (error) {
    faults.push(...variableFaults(error))
  }
  try {
    if (location !== undefined && faults.length === 0) session = sessionOn(location, stores, { logger })
    // Stand-ins for a store that did not open: what else is wrong is to be said, too.
    else
      await createZohoAuth({
        logger,
        tokens: memoryTokenStore(),
        ...(location?.single ? {} : { connections: memoryConnectionStore() }),
      }).close()
  } catch (error) {
    faults.push(...variableFaults(error))
  }
  if (session === undefined) {
    found(faults)
    return undefined
  }
  const appPackage = checkPackage(session.location)
  found([variablesAreFine(), checkKeys(), appPackage])
  return session
}

/** This program would look into the folder of `login`; an app does not. */
const NOTHING_NAMED: Finding = fault(
  'variables',
  'neither ZOHO_AUTH_STORE nor ZOHO_REFRESH_TOKEN is set: an app has no connection',
  `Connect a Zoho user: zoho-auth login; or set ZOHO_AUTH_STORE=${DEFAULT_STORE}, if that is done.`,
  'ERR_ZOHO_CONFIG',
)

async function inspect(
  session: Session,
  examination: Examination,
  signal: AbortSignal,
  found: (findings: readonly Finding[]) => void,
): Promise<void> {
  const { location, stores, zoho } = session
  const store = await checkStore(stores, location.single)
  found(store)
  if (store.some(({ check, state }) => check === 'store' && state === 'fault')) {
    found([skipped('accounts server, live check', 'the store has to answer first')])
    return
  }
  const rows = await checkRows(session)
  found(rows)
  const closed = new Set(rows.flatMap(({ connection, state }) => (state === 'fault' ? [connection] : [])))
  const { ids, more } = await connectionsOf(session, examination.connection)
  const reached = new Map<DataCenter, boolean>()
  const requests = watchRequests(zoho)
  let readable: string | undefined
  found([checkForwardProxy()])
  for (const id of ids.filter((one) => !closed.has(one))) {
    signal.throwIfAborted()
    const { dataCenter } = await zoho.status(id)
    readable = id
    if (!reached.has(dataCenter)) {
      const server = await checkAccountsServer(zoho, id, dataCenter)
      found(server)
      reached.set(dataCenter, server[0]?.state === 'ok')
    }
    if (reached.get(dataCenter)) found(await checkConnection(session, id, examination, signal))
    else found([{ ...skipped('live check', 'the accounts server has to be reached first'), connection: id }])
  }
  requests.off()
  if (readable !== undefined) found([await requests.finding(readable)])
  if (more)
    found([
      skipped('live check', 'of the other connections none was asked about: name one with --connection'),
    ])
}

async function connectionsOf(
  session: Session,
  named: string | undefined,
): Promise<{ readonly ids: readonly string[]; readonly more: boolean }> {
  if (named !== undefined) return { ids: [named], more: false }
  const listing = await listed(session, MAX_LIVE)
  if (listing === undefined) return { ids: [DEFAULT_CONNECTION], more: false }
  return { ids: listing.connections.map(({ id }) => id), more: listing.more }
}
