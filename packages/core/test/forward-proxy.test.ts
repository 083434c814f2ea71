import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { ZohoAuthError } from '@zoho-auth/core'
import { forwardProxy } from '@zoho-auth/core/adapter'
import { EnvHttpProxyAgent } from 'undici'
import { byHand, emulate, engine, turning } from './support.js'

const NAMES = [
  'https_proxy',
  'HTTPS_PROXY',
  'http_proxy',
  'HTTP_PROXY',
  'NODE_USE_ENV_PROXY',
  'NODE_OPTIONS',
] as const

const PROXY = 'http://user:the-proxy-password@proxy.example:8080'

let before: NodeJS.ProcessEnv = {}

beforeEach(() => {
  before = { ...process.env }
  for (const name of NAMES) delete process.env[name]
})

afterEach(() => {
  for (const name of NAMES)
    if (before[name] === undefined) delete process.env[name]
    else process.env[name] = before[name]
})

/** A server that is gone. */
async function closedUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

// Behind a firewall with HTTPS_PROXY set, all that was said was that Zoho cannot be reached: Node's fetch passes the proxy by.
test.each([
  { variable: 'HTTPS_PROXY', env: { HTTPS_PROXY: PROXY } },
  { variable: 'https_proxy', env: { https_proxy: PROXY, HTTP_PROXY: PROXY } },
  { variable: 'HTTP_PROXY', env: { HTTP_PROXY: PROXY } },
])(
  'where the accounts server is not reached and $variable is not used, action says so',
  async ({ variable, env }) => {
    Object.assign(process.env, env)
    const { clock, zoho } = await byHand({ accountsUrl: await closedUrl() })
    const actions: (string | undefined)[] = []
    zoho.on('token.refresh_failed', ({ action }) => actions.push(action))
    const asked = await failure(turning(clock, zoho.getToken()))
    const revoked = await failure(turning(clock, zoho.revoke()))
    expect([asked.code, revoked.code]).toEqual(['ERR_ZOHO_UNAVAILABLE', 'ERR_ZOHO_UNAVAILABLE'])
    for (const action of [asked.action, revoked.action, ...actions]) {
      expect(action).toMatch(
        new RegExp(
          `${variable} is set, and the fetch of Node \\S+ does not use it .* NODE_USE_ENV_PROXY=1.*Behind a proxy`,
        ),
      )
      expect(action).not.toMatch(/the-proxy-password|proxy\.example/)
    }
  },
)

// A firewall that drops packets shows as a time-out.
test('where the accounts server does not answer in time, action says so too', async () => {
  process.env.HTTPS_PROXY = PROXY
  const { clock, emulator, zoho } = await byHand()
  emulator.fault({ on: 'token', kind: 'hang', times: 10 })
  expect((await failure(turning(clock, zoho.getToken()))).action).toMatch(/HTTPS_PROXY is set/)
})

test('without a proxy nobody speaks of one', async () => {
  const { clock, zoho } = await byHand({ accountsUrl: await closedUrl() })
  expect((await failure(turning(clock, zoho.getToken()))).action).not.toMatch(/_PROXY/i)
})

// What the README advises: there is no code for proxies in this library.
test('with a fetch that uses a forward proxy, tokens and calls go through it', async () => {
  const emulator = await emulate()
  const asked: (string | undefined)[] = []
  const proxy = createServer()
  proxy.on('connect', ({ url = '' }, socket) => {
    asked.push(url)
    const { hostname, port } = new URL(`http://${url}`)
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    socket.on('error', () => onward.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const httpProxy = `http://user:the-proxy-password@127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const dispatcher = new EnvHttpProxyAgent({ httpProxy, noProxy: '' })
  const zoho = engine(emulator, {
    fetch: (input, init) => fetch(input, Object.assign({ dispatcher }, init)),
  })
  const answer = await zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })
  expect(answer.status).toBe(200)
  await answer.body?.cancel()
  const hosts = [emulator.accountsUrl, emulator.url].map((url) => new URL(url).host)
  expect(new Set(asked)).toEqual(new Set(hosts))
  expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 1 })
  await dispatcher.destroy()
  proxy.close()
})

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

/** As Node's documentation has it: 22.21 and 24 know it, 20 does not. */
const CAN_USE = major >= 24 || (major === 22 && minor >= 21)

test.each([
  { env: {}, named: false, used: false },
  { env: { HTTPS_PROXY: '' }, named: false, used: false },
  { env: { HTTPS_PROXY: PROXY }, named: true, used: false },
  { env: { HTTPS_PROXY: PROXY, NODE_USE_ENV_PROXY: '0' }, named: true, used: false },
  { env: { HTTPS_PROXY: PROXY, NODE_USE_ENV_PROXY: '1' }, named: true, used: CAN_USE },
  { env: { HTTPS_PROXY: PROXY, NODE_OPTIONS: '--no-warnings --use-env-proxy' }, named: true, used: CAN_USE },
])('of $env a proxy is named: $named, and used: $used', ({ env, named, used }) => {
  const proxy = forwardProxy(env)
  expect([proxy !== undefined, proxy !== undefined && proxy.advice === undefined]).toEqual([named, used])
})

async function failure(work: Promise<unknown>): Promise<ZohoAuthError> {
  try {
    await work
  } catch (error) {
    return error as ZohoAuthError
  }
  throw new Error('it did not fail')
}
