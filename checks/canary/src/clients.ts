import { Agent, globalAgent } from 'node:http'
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import { inspect } from 'node:util'
import { runInThisContext } from 'node:vm'
import { installZohoAuth } from '@zoho-auth/axios'
import { isZohoAuthError, type ZohoAuth } from '@zoho-auth/core'
import newest, { type AxiosInstance, type AxiosRequestConfig, type AxiosStatic } from 'axios'
import type { Scans } from './scans.js'
import type { ClientKind, EngineName, Request } from './situations.js'
import { HOMES, type Tenant, type World } from './world.js'

const CANDIDATES = '/recruit/v2/Candidates'

/** A request as a client gets it. */
interface Sending {
  readonly tenant: Tenant
  readonly request: Request
  readonly signal: AbortSignal
}

/** What an app uses to talk to Zoho. */
export interface Client {
  readonly name: string
  readonly kind: ClientKind
  /** The only engine it can use. Absent: any. */
  readonly engine?: EngineName
  send(sending: Sending): Promise<unknown>
  /** What came of it: a status, or a code. */
  told(outcome: unknown): string
  /** Reads what its caller got, in every way. */
  read(scans: Scans, name: string, outcome: unknown, owner: string): void | Promise<void>
  /** What the agent or dispatcher that its requests share holds of all of them. Absent where there is no such thing. */
  readonly shared?: () => string
  close(): unknown
}

/** Clients that give their caller an object. */
const objects = {
  told,
  read: (scans: Scans, name: string, outcome: unknown, owner: string) => scans.value(name, outcome, owner),
}

interface Dispatcher {
  destroy(): Promise<void>
}

/** Node's own class of dispatchers is not exported. */
async function newDispatcher(): Promise<Dispatcher> {
  const global = await globalDispatcher()
  return new (global.constructor as new () => Dispatcher)()
}

async function globalDispatcher(): Promise<object> {
  await fetch('data:,')
  return runInThisContext(
    'globalThis[Symbol.for("undici.globalDispatcher.2")] ?? globalThis[Symbol.for("undici.globalDispatcher.1")]',
  ) as object
}

/** Every client. A reader adds one by adding a line. */
export async function clientsOf(world: World): Promise<readonly Client[]> {
  const [axios16, axios17] = ['axios16', 'axios17'].map(
    (folder) =>
      createRequire(new URL(`../../compat/${folder}/package.json`, import.meta.url))('axios') as AxiosStatic,
  ) as [AxiosStatic, AxiosStatic]
  const axes = [newest, axios17, axios16]
  return [
    await fetchClient(world, 'zoho.fetch'),
    await fetchClient(world, 'zoho.fetch, a dispatcher of its own', await newDispatcher()),
    ...axes.map((axios) => axiosClient(world, axios, 'agents of Node', {}, globalAgent)),
    ...axes.map((axios) => {
      const httpAgent = new Agent({ keepAlive: true })
      return axiosClient(world, axios, 'an agent of its own', { httpAgent }, httpAgent)
    }),
    ...(await Promise.all(
      [newest, axios17].map(async (axios) => {
        const dispatcher = await newDispatcher()
        const defaults = { adapter: 'fetch', fetchOptions: { dispatcher } } as AxiosRequestConfig
        return axiosClient(world, axios, 'a dispatcher of its own', defaults, dispatcher)
      }),
    )),
  ]
}

async function fetchClient(world: World, name: string, dispatcher?: Dispatcher): Promise<Client> {
  const shared = dispatcher ?? (await globalDispatcher())
  return {
    name,
    kind: 'fetch',
    ...objects,
    send: ({ tenant, request, signal }) =>
      tenant.zoho.fetch(urlOf(world, tenant, request), {
        connection: request.connection ?? tenant.id,
        product: 'recruit',
        signal: request.timeoutMs === undefined ? signal : AbortSignal.timeout(request.timeoutMs),
        ...(request.redirects === 'none' ? { redirect: 'error' } : {}),
        ...(dispatcher === undefined ? {} : { dispatcher }),
        ...bodyOf(request),
      } as RequestInit),
    shared: () => inspect(shared, { depth: 10, showHidden: true }),
    close: () => dispatcher?.destroy(),
  }
}

function bodyOf({ body }: Request): object {
  if (body === undefined) return {}
  const method = 'POST'
  if (body === 'json') return { method, body: '{"a":1}', headers: { 'content-type': 'application/json' } }
  return { method, body: Readable.toWeb(Readable.from(['a', 'b'])), duplex: 'half' }
}

function axiosClient(
  world: World,
  axios: AxiosStatic,
  agents: string,
  defaults: AxiosRequestConfig,
  shared: object,
): Client {
  const instances = new Map<ZohoAuth, AxiosInstance>()
  const instanceOf = (auth: ZohoAuth): AxiosInstance => {
    const instance = instances.get(auth) ?? axios.create(defaults)
    instances.set(auth, instance)
    installZohoAuth(instance, { auth })
    return instance
  }
  return {
    name: `axios ${axios.VERSION}, ${agents}`,
    kind: defaults.adapter === 'fetch' ? 'adapter' : 'axios',
    ...objects,
    send: ({ tenant, request, signal }) =>
      instanceOf(tenant.zoho).request({
        url: urlOf(world, tenant, request),
        zoho: { connection: request.connection ?? tenant.id },
        signal,
        ...(request.body === undefined
          ? {}
          : { method: 'post', data: request.body === 'json' ? { a: 1 } : streamOf(defaults) }),
        ...(request.timeoutMs === undefined ? {} : { timeout: request.timeoutMs }),
        ...(request.redirects === 'none' ? { maxRedirects: 0 } : {}),
        ...(request.responseType === undefined ? {} : { responseType: request.responseType }),
      }),
    shared: () => inspect(shared, { depth: 10, showHidden: true }),
    close: () => (shared === globalAgent ? undefined : (shared as Dispatcher).destroy()),
  }
}

function streamOf({ adapter }: AxiosRequestConfig): unknown {
  const stream = Readable.from(['a', 'b'])
  return adapter === 'fetch' ? Readable.toWeb(stream) : stream
}

/** Where a request goes. */
function urlOf(world: World, { dataCenter, origin }: Tenant, { to, path = CANDIDATES }: Request): string {
  if (to === 'a foreign server') return world.foreign + (path === CANDIDATES ? '/' : path)
  if (to === 'nobody') return 'http://127.0.0.1:9/'
  const other = HOMES.find((home) => home !== dataCenter) ?? 'us'
  return (to === 'another data centre' ? world.emulator.accountsUrls[other] : origin) + path
}

/** What an answer or an error of a client says: a status, or a code. */
export function told(outcome: unknown): string {
  const { status, response, code, cause, name } = Object(outcome) as Record<string, unknown>
  if (isZohoAuthError(outcome)) return outcome.code
  const answered = (response as { status?: unknown } | undefined)?.status ?? status
  if (answered !== undefined) return `${answered as number}`
  const codes = [code, (cause as { code?: unknown } | undefined)?.code].filter(
    (one) => typeof one === 'string',
  )
  return String(codes[0] ?? name)
}
