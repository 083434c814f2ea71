import {
  createZohoAuth,
  memoryConnectionStore,
  sealedConnectionStore,
  type ZohoAuthOptions,
} from '@zoho-auth/core'
import type { Fault } from '@zoho-auth/emulator'
import { zohoAuth, zohoProxy } from '@zoho-auth/express'
import { told } from './clients.js'
import type { Scans } from './scans.js'
import type { EngineName } from './situations.js'
import type { Tenant, World } from './world.js'

/** A call of an engine, and what comes of it: `ok`, or a code. */
export interface Call {
  readonly name: string
  readonly wants: string
  readonly engine?: EngineName
  /** A token is made before. Default `true`. */
  readonly warm?: false
  /** At Zoho, for this tenant alone. */
  readonly faults?: readonly Fault[]
  readonly play: (tenant: Tenant, world: World) => unknown
}

const ALWAYS = { times: 99 } as const
const rejected = async ({ zoho, id }: Tenant): Promise<unknown> => {
  const { value } = await zoho.getToken({ connection: id })
  return zoho.getToken({ connection: id, rejectedToken: value })
}
const revoked = ({ zoho, id }: Tenant): Promise<void> => zoho.revoke({ connection: id })
const kept = (id: string) =>
  ({ id, dataCenter: 'us', state: 'active', version: 0, createdAt: 0, updatedAt: 0 }) as const

/** Calls that are no requests to an API. A reader adds one by adding a row. */
export const CALLS: readonly Call[] = [
  { name: 'getToken', wants: 'ok', play: ({ zoho, id }) => zoho.getToken({ connection: id }) },
  {
    name: 'a token in an object',
    wants: 'ok',
    play: async ({ zoho, id }) => ({ token: await zoho.getToken({ connection: id }) }),
  },
  { name: 'getToken after a refusal', wants: 'ok', play: rejected },
  {
    name: 'the very token that was refused',
    wants: 'ERR_ZOHO_BAD_RESPONSE',
    faults: [{ on: 'token', kind: 'same-access-token', ...ALWAYS }],
    play: rejected,
  },
  { name: 'an engine', wants: 'ok', play: ({ zoho }) => zoho },
  { name: 'a handle', wants: 'ok', play: ({ zoho, id }) => zoho.forConnection(id) },
  { name: 'status', wants: 'ok', play: ({ zoho, id }) => zoho.status(id) },
  {
    name: 'status after a failure',
    wants: 'ok',
    engine: 'failing',
    warm: false,
    faults: [{ on: 'token', kind: 'error', error: 'invalid $SECRETS', ...ALWAYS }],
    async play({ zoho, id }) {
      await zoho.getToken({ connection: id }).catch(() => {})
      return zoho.status(id)
    },
  },
  {
    name: 'several failures at once',
    wants: 'AggregateError',
    engine: 'failing',
    warm: false,
    faults: [{ on: 'token', kind: 'dead-grant' }],
    play: ({ zoho, id }) => Promise.any([zoho.getToken({ connection: id }), zoho.status('nobody')]),
  },
  { name: 'outgoing', wants: 'ok', play: ({ zoho, id }) => zoho.outgoing({ connection: id }) },
  {
    name: 'authorize for a foreign host',
    wants: 'ERR_ZOHO_HOST_DENIED',
    play: ({ zoho, id }) => zoho.authorize('https://foreign.example/', { connection: id }),
  },
  {
    name: 'warm',
    wants: 'ok',
    faults: [{ on: 'token', kind: 'html', ...ALWAYS }],
    warm: false,
    engine: 'failing',
    play: ({ zoho, id }) => zoho.warm([id, 'nobody']),
  },
  { name: 'revoke', wants: 'ok', play: revoked },
  {
    name: 'revoke of one token',
    wants: 'ok',
    play: async ({ zoho, id }) =>
      zoho.revoke({ connection: id, token: (await zoho.getToken({ connection: id })).value }),
  },
  {
    name: 'revoke, and a 500',
    wants: 'ERR_ZOHO_UNAVAILABLE',
    faults: [{ on: 'revoke', kind: 'status', status: 500, body: '$SECRETS', ...ALWAYS }],
    play: revoked,
  },
  {
    name: 'revoke, and an error',
    wants: 'ERR_ZOHO_UNAVAILABLE',
    faults: [{ on: 'revoke', kind: 'error', error: 'no $SECRETS', ...ALWAYS }],
    play: revoked,
  },
  {
    name: 'revoke, and a page',
    wants: 'ERR_ZOHO_UNAVAILABLE',
    faults: [{ on: 'revoke', kind: 'html', ...ALWAYS }],
    play: revoked,
  },
  {
    name: 'revoke, and a broken connection',
    wants: 'ERR_ZOHO_UNAVAILABLE',
    faults: [{ on: 'revoke', kind: 'reset', ...ALWAYS }],
    play: revoked,
  },
  {
    name: 'revoke, and a throttle',
    wants: 'ERR_ZOHO_THROTTLED',
    faults: [{ on: 'revoke', kind: 'throttle', ...ALWAYS }],
    play: revoked,
  },
  {
    name: 'revoke, and a refused client',
    wants: 'ERR_ZOHO_CLIENT',
    faults: [{ on: 'revoke', kind: 'invalid-client', ...ALWAYS }],
    play: revoked,
  },
  {
    name: 'revoke, and no answer',
    wants: 'ERR_ZOHO_TIMEOUT',
    engine: 'hasty',
    faults: [{ on: 'revoke', kind: 'hang', ...ALWAYS }],
    play: revoked,
  },
  {
    name: 'revokeAll',
    wants: 'ok',
    faults: [{ on: 'revoke', kind: 'status', status: 500, ...ALWAYS }],
    play: ({ zoho, id }) => zoho.revokeAll({ where: (connection) => connection.id === id }),
  },
  {
    name: 'a connection that somebody else changed',
    wants: 'ERR_ZOHO_CONFLICT',
    play: ({ id, refreshToken }) =>
      memoryConnectionStore([{ ...kept(id), refreshToken }]).put(
        { ...kept(id), refreshToken },
        { ifVersion: 9 },
      ),
  },
  {
    name: 'a row that another key sealed',
    wants: 'ERR_ZOHO_CONFIG',
    play: ({ id, refreshToken }, world) => opened(id, refreshToken, [world.key()], [world.key()]),
  },
  {
    name: 'a row in the clear',
    wants: 'ERR_ZOHO_STORE',
    play: ({ id, refreshToken }, world) => opened(id, refreshToken, undefined, [world.key()]),
  },
  {
    name: 'a call after close',
    wants: 'ERR_ZOHO_CONFIG',
    engine: 'closed',
    play: ({ zoho, id }) => zoho.close().then(() => zoho.getToken({ connection: id })),
  },
  ...[...misconfigurations()].map(
    ([name, options]): Call => ({
      name: `configuration: ${name}`,
      wants: 'ERR_ZOHO_CONFIG',
      warm: false,
      play: (tenant, world) => createZohoAuth(world.options(options(tenant, world))),
    }),
  ),
  {
    name: 'zohoAuth with a wrong option',
    wants: 'ERR_ZOHO_CONFIG',
    warm: false,
    play: (tenant, world) =>
      zohoAuth({
        ...world.options(),
        refreshToken: tenant.refreshToken,
        connection: tenant.refreshToken as never,
      }),
  },
  {
    name: 'zohoProxy with wrong options',
    wants: 'ERR_ZOHO_CONFIG',
    warm: false,
    play: ({ refreshToken }) =>
      zohoProxy({ product: refreshToken, dropHeaders: [`${refreshToken} `] } as never),
  },
]

/** Mistakes in options that hold secrets. */
function misconfigurations(): ReadonlyMap<string, (tenant: Tenant, world: World) => ZohoAuthOptions> {
  return new Map<string, (tenant: Tenant, world: World) => ZohoAuthOptions>([
    ['a key without an id', (_, world) => ({ encryptionKeys: [world.key().slice(6)] })],
    ['a key that is cut', (_, world) => ({ encryptionKeys: [world.key().slice(0, -8)] })],
    ['a key twice', (_, world) => ({ encryptionKeys: [world.key(), world.key()] })],
    [
      'a refresh token in place of the data centre',
      ({ refreshToken }) => ({ refreshToken, dataCenter: refreshToken as never }),
    ],
    [
      'a refresh token and connections',
      ({ refreshToken }) => ({ refreshToken, connections: memoryConnectionStore() }),
    ],
    ['a refresh token that is no text', ({ refreshToken }) => ({ refreshToken: [refreshToken] as never })],
    [
      'a client secret for no data centre',
      (_, world) => ({ clientSecret: { mars: world.secret() } as never }),
    ],
    [
      'a secret in the URL of the accounts server',
      (_, world) => ({ accountsUrl: `https://user:${encodeURIComponent(world.secret())}@127.0.0.1:1/?a=1` }),
    ],
    [
      'a secret in an origin',
      (_, world) => ({
        allowedOrigins: [`https://user:${encodeURIComponent(world.secret())}@example.com/a`],
      }),
    ],
    ['a secret as the scheme', ({ refreshToken }) => ({ refreshToken, scheme: refreshToken as never })],
  ])
}

/** A row of a durable store that is read with other keys than it was written with. */
async function opened(
  id: string,
  refreshToken: string,
  wrote: readonly string[] | undefined,
  reads: readonly string[],
): Promise<unknown> {
  const inner = Object.assign(memoryConnectionStore(), { durable: true })
  const writer = wrote === undefined ? inner : sealedConnectionStore(inner, { encryptionKeys: wrote })
  await writer.put({ ...kept(id), refreshToken })
  return sealedConnectionStore(inner, { encryptionKeys: reads }).get(id)
}

/** Plays one call, and reads what its caller gets. */
export async function playCall(world: World, call: Call, scans: Scans): Promise<void> {
  const tenant = await world.tenant(call.engine)
  if (call.warm !== false) await tenant.zoho.getToken({ connection: tenant.id })
  for (const fault of call.faults ?? []) world.fault(fault, tenant)
  const ok = (value: unknown): { readonly came: string; readonly value: unknown } => ({ came: 'ok', value })
  const { came, value } = await Promise.resolve()
    .then(() => call.play(tenant, world))
    .then(ok, (error: unknown) => ({ came: told(error), value: error }))
  const name = `calls: ${call.name}`
  if (came !== call.wants) scans.fail(name, `came to ${came}, not to ${call.wants}`)
  world.learn()
  await scans.value(name, value, tenant.id)
}
