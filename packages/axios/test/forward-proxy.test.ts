import { afterEach, expect, test } from '@jest/globals'
import axios, { type AxiosRequestConfig } from 'axios'
import { installZohoAuth } from '../src/index.js'
import { emulate, engine, listener, serve, thrown } from './support.js'

const [, minor = 0, patch = 0] = axios.VERSION.split('.').map(Number)

/** axios opens a tunnel for https since 1.16.1. */
const tunnels = minor > 16 || (minor === 16 && patch >= 1)

const variables = { ...process.env }

afterEach(() => {
  for (const name of Object.keys(process.env)) if (/proxy$/i.test(name)) delete process.env[name]
  Object.assign(process.env, variables)
})

async function proxied() {
  const emulator = await emulate()
  const proxy = await listener()
  const auth = engine(emulator, { allowedOrigins: ['https://api.example.com'] })
  const client = axios.create()
  installZohoAuth(client, { auth })
  return { emulator, client, proxy }
}

const wrapping = { adapter: (config) => axios.getAdapter(['http'])({ ...config }) } as AxiosRequestConfig

test.each<{ how: string; config: AxiosRequestConfig; variable?: string }>([
  { how: 'in the config', config: { proxy: { protocol: 'http', host: '127.0.0.1', port: 0 } } },
  { how: 'in the config, without a protocol', config: { proxy: { host: '127.0.0.1', port: 0 } } },
  { how: 'behind a function adapter', config: { ...wrapping, proxy: { host: '127.0.0.1', port: 0 } } },
  { how: 'in HTTPS_PROXY', config: {}, variable: 'HTTPS_PROXY' },
  { how: 'in all_proxy', config: {}, variable: 'all_proxy' },
  { how: 'in HTTPS_PROXY, behind a function adapter', config: wrapping, variable: 'HTTPS_PROXY' },
  { how: 'in HTTPS_PROXY, with redirects off', config: { maxRedirects: 0 }, variable: 'HTTPS_PROXY' },
])('a forward proxy $how gets no token', async ({ config, variable }) => {
  // axios before 1.16.1 sends https requests to a proxy as they are: it read the token in clear text.
  const { client, proxy, emulator } = await proxied()
  if (config.proxy) config.proxy.port = proxy.port
  if (variable !== undefined) process.env[variable] = `http://127.0.0.1:${proxy.port}`
  const error = await thrown(client.get('https://api.example.com/x', config))
  const [live] = emulator.liveTokens().map(({ accessToken }) => accessToken)
  expect(proxy.received.join()).not.toContain(live)
  if (tunnels) expect(proxy.received[0]).toContain('CONNECT api.example.com:443')
  else {
    expect(proxy.received).toEqual([])
    expect(error.code).toBe('ERR_ZOHO_CONFIG')
    expect(error.message).toContain('api.example.com')
    expect(error.action).toContain('proxy: false')
  }
})

test('a host that NO_PROXY names is reached without its proxy', async () => {
  const emulator = await emulate()
  const [proxy, target] = [await listener(), await listener()]
  const client = axios.create()
  installZohoAuth(client, {
    auth: engine(emulator, { allowedOrigins: [`https://127.0.0.1:${target.port}`] }),
  })
  process.env.HTTPS_PROXY = `http://127.0.0.1:${proxy.port}`
  process.env.NO_PROXY = '127.0.0.1'
  const error = await thrown(client.get(`https://127.0.0.1:${target.port}/x`))
  expect(error.code).not.toMatch(/^ERR_ZOHO/)
  // The beginning of TLS.
  expect(target.received[0]?.charCodeAt(0)).toBe(0x16)
  expect(proxy.received).toEqual([])
})

test('a request that gets no token goes through a proxy as ever', async () => {
  const { client } = await proxied()
  const proxy = await serve((_, response) => response.end('"by the proxy"'))
  const { hostname: host, port } = new URL(proxy.url)
  const config = { proxy: { protocol: 'http', host, port: Number(port) } }
  expect((await client.get('http://other.example/x', config)).data).toBe('by the proxy')
  expect((await client.get('http://api.example.com/x', { ...config, zoho: false })).data).toBe('by the proxy')
})
