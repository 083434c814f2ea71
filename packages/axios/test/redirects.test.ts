import http from 'node:http'
import { PassThrough } from 'node:stream'
import { expect, test } from '@jest/globals'
import axios, { type AxiosRequestConfig } from 'axios'
import { installZohoAuth } from '../src/index.js'
import { CANDIDATES, emulate, engine, listener, type Seen, serve, thrown } from './support.js'

/** A host that may have tokens and redirects to wherever `/to` says, and one that may not. */
async function hosts(config: AxiosRequestConfig = {}) {
  const emulator = await emulate()
  const foreign = await serve(redirecting)
  const home = await serve(redirecting)
  const second = await serve(redirecting)
  const auth = engine(emulator, { allowedOrigins: [home.url, second.url] })
  const client = axios.create(config)
  installZohoAuth(client, { auth })
  const to = (target: string, status = 302) => `${home.url}/to?${status}${target}`
  return { emulator, foreign, home, second, client, to }
}

function redirecting({ url }: Seen, response: http.ServerResponse): void {
  const [, status, location] = /^\/to\?(\d{3})(.*)$/.exec(url) ?? []
  if (status === undefined) response.end('{"ok":true}')
  else response.writeHead(Number(status), { location }).end()
}

/** Follows one redirect in the manner of follow-redirects, and keeps every header. */
const following = {
  request(options: http.RequestOptions & { beforeRedirect?: (next: unknown) => void }, onAnswer: never) {
    http
      .request(options, (answer) => {
        answer.resume()
        const { location = '' } = answer.headers
        const { hostname, port, pathname } = new URL(location)
        const next = { ...options, href: location, hostname, port, path: pathname }
        options.beforeRedirect?.(next)
        http.request(next, onAnswer).end()
      })
      .end()
    return Object.assign(new PassThrough(), { setTimeout: () => {} })
  },
}

test.each([301, 302, 303, 307, 308])('a %i to a foreign host loses the header', async (status) => {
  const { client, foreign, home, to } = await hosts()
  for (const method of ['get', 'post'])
    await client.request({
      method,
      url: to(`${foreign.url}/x`, status),
      data: method === 'post' ? 'a' : undefined,
    })
  expect(home.seen.every(({ authorization }) => authorization?.startsWith('Zoho-oauthtoken '))).toBe(true)
  expect(foreign.seen.map(({ authorization }) => authorization)).toEqual([undefined, undefined])
})

test.each([1, 5, 20])('also with maxRedirects %i', async (maxRedirects) => {
  const { client, foreign, to } = await hosts({ maxRedirects })
  await client.get(to(`${foreign.url}/x`))
  expect(foreign.seen.map(({ authorization }) => authorization)).toEqual([undefined])
})

test('with maxRedirects 0 nothing is followed, and the answer shows where it points', async () => {
  const { client, foreign, to } = await hosts({ maxRedirects: 0 })
  const error = await thrown(client.get(to(`${foreign.url}/x`)))
  expect(error).toMatchObject({ response: { status: 302, headers: { location: `${foreign.url}/x` } } })
  expect(foreign.seen).toEqual([])
})

test('a redirect to another host that may have it keeps the header', async () => {
  const { client, second, to } = await hosts()
  await client.get(to(`${second.url}/x`))
  expect(second.seen[0]?.authorization).toMatch(/^Zoho-oauthtoken /)
})

test('a foreign host that redirects back gets no request with a token made', async () => {
  const { client, foreign, home, to } = await hosts()
  await client.get(to(`${foreign.url}/to?302${home.url}/chosen-by-the-foreign-host`))
  expect(home.seen.map(({ authorization }) => authorization !== undefined)).toEqual([true, false])
})

test('a foreign host that calls the token invalid costs no refresh', async () => {
  const { client, emulator, home } = await hosts()
  const foreign = await serve((_, response) =>
    response.writeHead(401, { 'content-type': 'application/json' }).end('{"code":"INVALID_TOKEN"}'),
  )
  const error = await thrown(client.get(`${home.url}/to?302${foreign.url}/recruit/v2/x`))
  expect(error).toMatchObject({ response: { status: 401 } })
  expect(emulator.counters.tokenRequests).toBe(1)
  expect(foreign.seen).toHaveLength(1)
})

test('the beforeRedirect of the caller runs, and cannot carry the header away', async () => {
  const { client, foreign, home, to } = await hosts()
  const seen: unknown[] = []
  await client.get(to(`${foreign.url}/x`), {
    beforeRedirect: (options) => {
      seen.push(options.href)
      options.headers.authorization = home.seen[0]?.authorization
      options.headers['x-mine'] = 'yes'
    },
  })
  expect(seen).toEqual([`${foreign.url}/x`])
  expect(foreign.seen[0]?.authorization).toBeUndefined()
  expect(foreign.seen[0]?.headers['x-mine']).toBe('yes')
})

test('a beforeRedirect that sends the request elsewhere is judged by where it goes', async () => {
  const { client, foreign, home, second, to } = await hosts()
  await client.get(to(`${second.url}/x`), {
    beforeRedirect: (options) => {
      options.port = new URL(foreign.url).port
      options.headers.authorization = home.seen[0]?.authorization
    },
  })
  expect(foreign.seen.map(({ authorization }) => authorization)).toEqual([undefined])
})

test('a beforeRedirect that throws ends the request', async () => {
  const { client, foreign, to } = await hosts()
  const error = await thrown(
    client.get(to(`${foreign.url}/x`), {
      beforeRedirect: () => {
        throw new Error('not there')
      },
    }),
  )
  expect(`${error.message} ${(error.cause as Error | undefined)?.message}`).toContain('not there')
  expect(foreign.seen).toEqual([])
})

test('a transport of the caller is watched too', async () => {
  const { client, foreign, home, to } = await hosts()
  await client.get(to(`${foreign.url}/x`), { transport: following } as AxiosRequestConfig)
  expect(home.seen[0]?.authorization).toMatch(/^Zoho-oauthtoken /)
  expect(foreign.seen.map(({ authorization }) => authorization)).toEqual([undefined])
})

test('a transport of the caller takes the header along to another host that may have it', async () => {
  // axios' own hook, which such a transport calls, takes the header off again: it was lost between two of Zoho's hosts.
  const { client, home, second, to } = await hosts()
  await client.get(to(`${second.url}/x`), { transport: following } as AxiosRequestConfig)
  expect(home.seen[0]?.authorization).toMatch(/^Zoho-oauthtoken /)
  expect(second.seen[0]?.authorization).toBe(home.seen[0]?.authorization)
})

test('response.request.res.responseUrl tells where the answer came from', async () => {
  const { client, foreign, to } = await hosts()
  const response = await client.get(to(`${foreign.url}/x`))
  expect(response.request.res.responseUrl).toBe(`${foreign.url}/x`)
  expect(response.request).toMatchObject({ method: 'GET', path: '/x' })
})

test('a redirect that a proxy would get in clear text loses the header', async () => {
  // axios before 1.16.1 hands the redirected request itself to the proxy of its new host.
  const { emulator, home, to } = await hosts()
  const proxy = await listener()
  const auth = engine(emulator, { allowedOrigins: [home.url, 'https://api.example.com'] })
  const client = axios.create()
  installZohoAuth(client, { auth })
  process.env.HTTPS_PROXY = `http://127.0.0.1:${proxy.port}`
  try {
    await client.get(to('https://api.example.com/x')).catch(() => {})
  } finally {
    delete process.env.HTTPS_PROXY
  }
  expect(home.seen[0]?.authorization).toMatch(/^Zoho-oauthtoken /)
  expect(proxy.received).toHaveLength(1)
  expect(proxy.received[0]).not.toContain('oauthtoken')
})

test('a dead token behind a redirect is replaced, and the request starts over', async () => {
  const { client, emulator, home } = await hosts()
  const start = `${home.url}/to?302${emulator.url}${CANDIDATES}`
  await client.get(start)
  emulator.killTokens()
  expect((await client.get(start)).status).toBe(200)
  expect(emulator.counters).toMatchObject({ tokenRequests: 2, apiRequests: 3, apiRefused: 1 })
})
