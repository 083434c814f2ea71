import type { ServerResponse } from 'node:http'
import { expect, test } from '@jest/globals'
import axios from 'axios'
import { installZohoAuth } from '../src/index.js'
import {
  arrived,
  CANDIDATES,
  digest,
  emulate,
  engine,
  expectClean,
  killed,
  type Seen,
  scene,
  serve,
  thrown,
} from './support.js'

/** axios has its fetch adapter since 1.7. */
const hasFetch = Number(axios.VERSION.split('.')[1]) >= 7

if (!hasFetch)
  test('an axios without a fetch adapter says so itself', async () => {
    const { client } = await scene({ axios: { adapter: 'fetch' } })
    expect((await thrown(client.get(CANDIDATES))).message).toContain("Unknown adapter 'fetch'")
  })
else describeFetch()

function describeFetch(): void {
  const fetching = { axios: { adapter: 'fetch' as const } }

  test('sends with a token, and again with another', async () => {
    const { client, emulator } = await killed(fetching)
    const response = await client.post(CANDIDATES, { a: 1 })
    expect(arrived(response)).toMatchObject(digest('{"a":1}'))
    expect(response.request).toEqual({ method: 'POST', url: `${emulator.url}${CANDIDATES}` })
    expectClean(
      response,
      emulator.liveTokens().map(({ accessToken }) => accessToken),
    )
    expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 2 })
  })

  test.each(['stream', 'blob', 'arraybuffer'] as const)('judges a refusal as %s', async (responseType) => {
    const { client, emulator } = await killed(fetching)
    const response = await client.get(CANDIDATES, { responseType })
    const text = await new Response(response.data).text()
    expect(JSON.parse(text).data).toHaveLength(2)
    expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 2 })
  })

  test('hands a refused stream on whole', async () => {
    const { client, emulator } = await scene(fetching)
    const body = JSON.stringify({ code: 'OTHER', padding: 'x'.repeat(200_000) })
    emulator.fault({ on: 'api', kind: 'status', status: 401, body, times: 3 })
    const error = await thrown(client.get(CANDIDATES, { responseType: 'stream' }))
    if (!axios.isAxiosError(error)) throw error
    expect(await new Response(error.response?.data).text()).toBe(body)
  })

  test('takes no header along to a foreign host', async () => {
    const emulator = await emulate()
    const foreign = await serve()
    const home = await serve((_, response) => response.writeHead(302, { location: foreign.url }).end())
    const client = axios.create(fetching.axios)
    installZohoAuth(client, { auth: engine(emulator, { allowedOrigins: [home.url] }) })
    await client.get(home.url)
    expect(home.seen[0]?.authorization).toMatch(/^Zoho-oauthtoken /)
    expect(foreign.seen[0]?.authorization).toBeUndefined()
  })

  /** Two hosts that may have tokens and one that may not; the first redirects to wherever `/to` says. */
  async function hosts() {
    const emulator = await emulate()
    const redirecting = ({ url }: Seen, response: ServerResponse): void => {
      const [, status, location] = /^\/to\?(\d{3})([^&]*)/.exec(url) ?? []
      if (status === undefined) response.end('{"ok":true}')
      else response.writeHead(Number(status), { location }).end()
    }
    const [home, second, foreign] = [
      await serve(redirecting),
      await serve(redirecting),
      await serve(redirecting),
    ]
    const client = axios.create(fetching.axios)
    installZohoAuth(client, { auth: engine(emulator, { allowedOrigins: [home.url, second.url] }) })
    return { emulator, home, second, foreign, client }
  }

  test.each([301, 302, 303, 307, 308])(
    'a %i to another host that may have it keeps the header',
    async (status) => {
      // `fetch` takes the header off on the way to every other origin: it was lost between two of Zoho's hosts.
      const { client, home, second } = await hosts()
      const url = `${home.url}/to?${status}${second.url}/x`
      const response = await client.post(url, { a: 1 }, { params: { q: 1 }, headers: { cookie: 'mine' } })
      const [seen] = second.seen
      expect(seen?.authorization).toMatch(/^Zoho-oauthtoken /)
      expect(seen?.headers.cookie).toBeUndefined()
      const isKept = status > 303
      expect([seen?.method, seen?.body, seen?.url]).toEqual(
        isKept ? ['POST', '{"a":1}', '/x'] : ['GET', '', '/x'],
      )
      expect(seen?.headers['content-type']).toBe(isKept ? 'application/json' : undefined)
      expect(response.request.url).toBe(`${second.url}/x`)
      expect(response.config.url).toBe(url)
    },
  )

  test('a foreign host that redirects back gets no request with a token made', async () => {
    const { client, home, foreign } = await hosts()
    await client.get(`${home.url}/to?302${foreign.url}/to?302${home.url}/chosen`)
    expect(foreign.seen.map(({ authorization }) => authorization)).toEqual([undefined])
    expect(home.seen.map(({ authorization }) => authorization !== undefined)).toEqual([true, false])
  })

  test('a dead token behind a redirect is replaced, and the request starts over', async () => {
    const { client, emulator, home } = await hosts()
    const start = `${home.url}/to?302${emulator.url}${CANDIDATES}`
    await client.get(start)
    emulator.killTokens()
    expect((await client.get(start)).status).toBe(200)
    expect(emulator.counters).toMatchObject({ tokenRequests: 2, apiRequests: 3, apiRefused: 1 })
  })

  test('redirects that lead nowhere end as axios ends them', async () => {
    const { client, home } = await hosts()
    const error = await thrown(client.get(`${home.url}/to?302`))
    expect(error).toMatchObject({ code: 'ERR_FR_TOO_MANY_REDIRECTS', isAxiosError: true })
    expect(home.seen).toHaveLength(21)
  })

  test('a redirect that the caller wants to see is not followed', async () => {
    const { client, home, second } = await hosts()
    const url = `${home.url}/to?302${second.url}/x`
    const seen = await client.get(url, { fetchOptions: { redirect: 'manual' }, validateStatus: null })
    expect(seen.status).toBe(302)
    expect(await thrown(client.get(url, { fetchOptions: { redirect: 'error' } }))).toMatchObject({
      code: 'ERR_NETWORK',
    })
    expect(second.seen).toEqual([])
  })

  test('a stream is not sent on by a redirect', async () => {
    const { client, home, second } = await hosts()
    const body = new Blob(['x']).stream()
    const error = await thrown(client.post(`${home.url}/to?307${second.url}/x`, body))
    expect(error).toMatchObject({ response: { status: 307 } })
    expect(second.seen).toEqual([])
  })

  test('fails without a token in the error', async () => {
    const { client, emulator } = await scene(fetching)
    await client.get(CANDIDATES)
    emulator.fault({ on: 'api', kind: 'reset' })
    const error = await thrown(client.post(CANDIDATES, { a: 1 }))
    expect(error).toMatchObject({ code: 'ERR_NETWORK', request: { method: 'POST' } })
    expectClean(
      error,
      emulator.liveTokens().map(({ accessToken }) => accessToken),
    )
  })
}
