import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { Echo } from '../src/index.js'
import { dialects } from './dialects.js'
import { callApi, minutes, start } from './support.js'

/** A web page is told by its title, and Cliq's blank page by nothing. */
async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text()
  if (text === '') return null
  return /<title>(.*)<\/title>/.exec(text)?.[1] ?? JSON.parse(text)
}

describe.each(dialects)('$product at $path', ({ product, path, success, blank, dead, scope }) => {
  test('answers a live token in the shape of the product', async () => {
    const emulator = await start()
    const response = await callApi(emulator, emulator.issueToken().accessToken, path)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ ...success, echo: { user: 'ada', path } })
    expect(emulator.requests).toEqual([
      expect.objectContaining({ kind: 'api', product, status: 200, outcome: 'ok' }),
    ])
  })

  test('answers no token, and a blank one, in its own words', async () => {
    const emulator = await start()
    for (const headers of [{}, { authorization: 'Zoho-oauthtoken ' }, { authorization: 'Basic eDp5' }]) {
      const response = await fetch(emulator.url + path, { headers })
      expect([response.status, await bodyOf(response)]).toEqual(blank)
    }
    expect(emulator.counters).toMatchObject({ apiRequests: 3, apiRefused: 3 })
    expect(emulator.requests[0]?.outcome).toBe('blank-token')
  })

  test('answers an unknown, an expired and a forgotten token in its own words', async () => {
    const emulator = await start()
    const [expired, forgotten] = [emulator.issueToken().accessToken, emulator.issueToken().accessToken]
    emulator.killToken(forgotten)
    emulator.advance(minutes(60))
    for (const token of ['never-a-token', expired, forgotten]) {
      const response = await callApi(emulator, token, path)
      expect([response.status, await bodyOf(response)]).toEqual(dead)
    }
    const outcomes = emulator.requests.map(({ outcome }) => outcome)
    expect(outcomes).toEqual(['dead-token:unknown', 'dead-token:expired', 'dead-token:evicted'])
  })

  test('answers a token without its scope in its own words', async () => {
    const emulator = await start()
    const { refreshToken } = emulator.createGrant({ scopes: ['Elsewhere.modules.ALL', 'email'] })
    const response = await callApi(emulator, emulator.issueToken(refreshToken).accessToken, path)
    expect(response.status).toBe(scope[0])
    expect(await response.text()).toContain(scope[1])
  })
})

describe('every product API', () => {
  test('echoes what it received, but for the token', async () => {
    const emulator = await start()
    const body = JSON.stringify({ data: [{ Last_Name: 'Lovelace ♥' }] })
    const response = await fetch(`${emulator.url}/recruit/v2/Candidates?page=2`, {
      method: 'POST',
      body,
      headers: {
        authorization: `Bearer ${emulator.issueToken().accessToken}`,
        'content-type': 'application/json',
        'x-custom': 'kept',
        cookie: 'a=b',
      },
    })
    const { data, echo } = (await response.json()) as { data: unknown; echo: Echo }
    expect(data).toEqual([expect.objectContaining({ code: 'SUCCESS', status: 'success' })])
    expect(echo).toMatchObject({
      user: 'ada',
      dataCenter: 'us',
      method: 'POST',
      path: '/recruit/v2/Candidates',
      query: 'page=2',
      bodyLength: Buffer.byteLength(body),
      bodySha256: createHash('sha256').update(body).digest('hex'),
      contentType: 'application/json',
      headers: { 'x-custom': 'kept', cookie: 'a=b' },
    })
    expect(echo.headers).not.toHaveProperty('authorization')
  })

  test('hashes a long streamed body to its end', async () => {
    const emulator = await start()
    const chunk = Buffer.alloc(64 * 1024, 'x')
    const response = await fetch(`${emulator.url}/crm/v8/files`, {
      method: 'POST',
      body: new ReadableStream({
        start(controller) {
          for (let at = 0; at < 32; at += 1) controller.enqueue(chunk)
          controller.close()
        },
      }),
      duplex: 'half',
      headers: { authorization: `Zoho-oauthtoken ${emulator.issueToken().accessToken}` },
    } as RequestInit)
    const { echo } = (await response.json()) as { echo: Echo }
    expect(echo.bodyLength).toBe(32 * chunk.length)
    expect(echo.bodySha256).toBe(
      createHash('sha256')
        .update(Buffer.alloc(32 * chunk.length, 'x'))
        .digest('hex'),
    )
  })

  test('takes the scheme Bearer, in any case, and no token in the query', async () => {
    const emulator = await start()
    const { accessToken } = emulator.issueToken()
    for (const scheme of ['Bearer', 'bearer', 'Zoho-oauthtoken', 'zoho-OAuthtoken']) {
      const headers = { authorization: `${scheme} ${accessToken}` }
      expect((await fetch(`${emulator.url}/crm/v8/Leads`, { headers })).status).toBe(200)
    }
    expect((await fetch(`${emulator.url}/crm/v8/Leads?access_token=${accessToken}`)).status).toBe(401)
  })

  test('answers ?status=204 without a body, and leaves other statuses to the product', async () => {
    const emulator = await start()
    const { accessToken } = emulator.issueToken()
    const empty = await callApi(emulator, accessToken, '/crm/v8/Leads?status=204')
    expect([empty.status, await empty.text()]).toEqual([204, ''])
    expect((await callApi(emulator, accessToken, '/crm/v8/Leads?status=201')).status).toBe(201)
    expect((await callApi(emulator, accessToken, '/api/v1/tickets?status=open')).status).toBe(200)
    expect((await callApi(emulator, accessToken, '/api/v1/tickets?status=500')).status).toBe(200)
  })

  test('judges the token on arrival, or after the delay if asked', async () => {
    const emulator = await start()
    const { accessToken } = emulator.issueToken()
    const onArrival = callApi(emulator, accessToken, '/crm/v8/Leads?delay=60')
    const atEnd = callApi(emulator, accessToken, '/crm/v8/Leads?delay=60&judge=end')
    while (emulator.counters.apiRequests < 2) await new Promise(setImmediate)
    emulator.killToken(accessToken)
    expect((await onArrival).status).toBe(200)
    expect((await atEnd).status).toBe(401)
  })

  test('holds its answers back by apiLatencyMs', async () => {
    const emulator = await start({ apiLatencyMs: 40 })
    const began = performance.now()
    await callApi(emulator, emulator.issueToken().accessToken)
    expect(performance.now() - began).toBeGreaterThan(35)
  })

  test('knows no other paths', async () => {
    const emulator = await start()
    const { accessToken } = emulator.issueToken()
    for (const path of [
      '/',
      '/crm/v9/Leads',
      '/recruit/v2',
      '/recruit/v20/Candidates',
      '/api/v4/x',
      '/oauth/v2/token/',
    ])
      expect((await callApi(emulator, accessToken, path)).status).toBe(404)
  })
})
