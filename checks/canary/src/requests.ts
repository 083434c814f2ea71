import { within } from '../../support/within.mjs'
import type { Client } from './clients.js'
import type { Scans } from './scans.js'
import type { Situation } from './situations.js'
import type { World } from './world.js'

/** How long a request may take, in milliseconds (a minute). Each takes less than three seconds; one that takes as long hangs. */
const HANG_MS = 60_000

/** Requests of others that are under way on the same agent while a client plays its situations. */
const BYSTANDERS = 3

/** How many situations of one client are played at a time, each of a tenant of its own. */
const LANES = 12

/** A request of this client in this situation. */
export const nameOf = (client: Client, situation: Situation): string => `${client.name}: ${situation.name}`

/** Whether a situation can come about with a client. */
export const suits = (client: Client, situation: Situation): boolean =>
  (situation.for?.includes(client.kind) ?? true) &&
  (client.engine === undefined || client.engine === (situation.engine ?? 'patient'))

/** Plays situations with one client, many at a time, while requests of others hang on the same agent. */
export async function playAll(
  world: World,
  client: Client,
  situations: readonly Situation[],
  scans: Scans,
): Promise<void> {
  await within(HANG_MS, 'requests of others', bystanders(world, client))
  const waiting = [...situations]
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await play(world, client, next, scans)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

/** Lets requests of other tenants hang at Zoho, with their tokens, until the world ends. */
async function bystanders(world: World, client: Client): Promise<void> {
  for (let count = 0; count < BYSTANDERS; count++) {
    const tenant = await world.tenant()
    world.fault({ on: 'api', kind: 'hang' }, tenant)
    const arrived = world.arrival(tenant, 'api')
    client.send({ tenant, request: {}, signal: new AbortController().signal }).catch(() => {})
    await arrived
  }
}

/** Whether tokens of others can be reached through what the requests of a client share: what it guards against is really there. */
export function isBaited(world: World, client: Client): boolean {
  world.learn()
  return world.canaries.find(client.shared?.() ?? '').some(({ kind }) => kind === 'access token')
}

async function play(world: World, client: Client, situation: Situation, scans: Scans): Promise<void> {
  const name = nameOf(client, situation)
  const { engine, before, faults = [], request = {}, once, wants } = situation
  const tenant = await world.tenant(engine)
  const { zoho, id } = tenant
  const abort = new AbortController()
  try {
    if (before !== undefined && before !== 'a revocation') await zoho.getToken({ connection: id })
    if (before === 'a dead token') world.emulator.killTokens(tenant.refreshToken)
    if (before === 'a revocation') await zoho.revoke({ connection: id })
    for (const fault of faults) world.fault(fault, tenant)
    const arrived = once && world.arrival(tenant, once.at)
    const sending = client.send({ tenant, request, signal: abort.signal }).catch((error: unknown) => error)
    const ending = arrived?.then(() => (once?.does === 'abort' ? abort.abort() : zoho.close()))
    const outcome = await within(HANG_MS, 'hang', sending)
    await ending
    const wanted = typeof wants === 'string' ? wants : wants[client.kind]
    const came = client.told(outcome)
    if (!wanted?.split('|').includes(came)) scans.fail(name, `came to ${came}, not to ${wanted}`)
    await inTurn(() => {
      world.learn()
      return client.read(scans, name, outcome, id)
    })
    free(outcome)
  } catch (error) {
    scans.fail(name, String(error))
  }
}

let reading: Promise<unknown> = Promise.resolve()

/** Reads one outcome at a time: many at once would hold up the requests under way. */
function inTurn(read: () => void | Promise<void>): Promise<void> {
  const turn = reading.then(read)
  reading = turn.catch(() => {})
  return turn
}

/** Lets an answer that nobody reads go. */
function free(outcome: unknown): void {
  const { body, data } = Object(outcome) as {
    body?: { cancel?(): Promise<void> }
    data?: { destroy?(): void }
  }
  body?.cancel?.().catch(() => {})
  data?.destroy?.()
}
