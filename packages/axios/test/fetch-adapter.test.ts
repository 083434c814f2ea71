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
