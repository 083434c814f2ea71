import { request } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import type { Emulator } from '../src/index.js'
import { ask, exchangeParameters, minutes, newToken, refresh, start, statusWith } from './support.js'

interface Answered {
  readonly status: number
  readonly body: Record<string, unknown>
}

async function control(emulator: Emulator, method: string, path: string, body?: unknown): Promise<Answered> {
  const response = await fetch(`${emulator.url}/__emulator${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

describe('the control API', () => {
  test('reads counters, of all and of one grant, and resets them', async () => {
    const emulator = await start()
    await newToken(emulator)
    expect((await control(emulator, 'GET', '/counters')).body).toEqual(emulator.counters)
    const { refreshToken } = emulator
    const own = await control(emulator, 'POST', '/counters-of', { refreshToken })
    expect(own.body).toMatchObject({ counters: { tokensIssued: 1 }, maxTokensInWindow: 1 })
    emulator.throttle()
    emulator.fault({ on: 'api', kind: 'hang' })
    expect(await control(emulator, 'POST', '/reset')).toEqual({ status: 200, body: { done: true } })
    expect(emulator.counters.tokensIssued).toBe(0)
    expect(emulator.requests.filter(({ kind }) => kind === 'token')).toEqual([])
    expect(emulator.faults).toEqual([])
    expect((await refresh(emulator)).body.error).toBeUndefined()
  })

  test('turns the clock: forward, stop, go', async () => {
    let now = 1_000
    const emulator = await start({ clock: { now: () => now } })
    expect((await control(emulator, 'POST', '/clock', { advanceMs: 500 })).body).toEqual({
      now: 1_500,
      frozen: false,
    })
    expect((await control(emulator, 'POST', '/clock', { freeze: true })).body).toEqual({
      now: 1_500,
      frozen: true,
    })
    now += 10_000
    expect((await control(emulator, 'GET', '/clock')).body).toEqual({ now: 1_500, frozen: true })
    expect((await control(emulator, 'POST', '/clock', { advanceMs: 1 })).body).toEqual({
      now: 1_501,
      frozen: true,
    })
    expect((await control(emulator, 'POST', '/clock', { unfreeze: true })).body).toEqual({
      now: 1_501,
      frozen: false,
    })
    now += 1
    expect(emulator.now()).toBe(1_502)
  })

  test('adds, lists and clears faults; "forever" is JSON for without end', async () => {
    const emulator = await start()
    const { refreshToken } = emulator
    await control(emulator, 'POST', '/faults', {
      on: 'token',
      kind: 'error',
      error: 'general_error',
      times: 2,
    })
    await control(emulator, 'POST', '/faults', { on: 'api', kind: 'hang', times: 'forever', refreshToken })
    expect((await refresh(emulator)).body.error).toBe('general_error')
    expect((await control(emulator, 'GET', '/faults')).body).toEqual({
      faults: [
        { on: 'token', kind: 'error', error: 'general_error', times: 1 },
        { on: 'api', kind: 'hang', times: 'forever', refreshToken: `****${refreshToken.slice(-4)}` },
      ],
    })
    await control(emulator, 'DELETE', '/faults')
    expect((await refresh(emulator)).body.error).toBeUndefined()
  })

  test('makes grants, codes and tokens, which work', async () => {
    const emulator = await start()
    const grant = (await control(emulator, 'POST', '/grants', { user: 'grace', dataCenter: 'us' })).body
    expect(grant).toMatchObject({ user: 'grace', dataCenter: 'us' })
    const refreshToken = String(grant.refreshToken)
    const token = (await control(emulator, 'POST', '/tokens', { refreshToken })).body
    expect(await statusWith(emulator, String(token.accessToken))).toBe(200)
    const { code } = (await control(emulator, 'POST', '/codes', { offline: false })).body
    expect(code).toMatch(/^1000\./)
  })

  test('makes the code of a self client, which is exchanged without a redirect URI', async () => {
    const emulator = await start()
    const asked = { user: 'alan', organization: '20000000006', environment: 'sandbox', lifeMs: minutes(10) }
    const scopes = ['ZohoCRM.modules.ALL']
    const { code } = (await control(emulator, 'POST', '/codes', { ...asked, scopes })).body
    emulator.advance(minutes(10) - 1)
    const { body } = await ask(exchangeParameters(emulator, String(code)), emulator.url)
    expect(body).toMatchObject({ scope: 'ZohoCRM.modules.ALL', token_type: 'Bearer' })
    expect(emulator.grants.at(-1)).toMatchObject({
      refreshToken: body.refresh_token,
      user: 'alan',
      organization: { id: '20000000006' },
      environment: 'sandbox',
      scopes,
    })
  })

  test('lists grants and tokens masked, and ends them by secret or by id', async () => {
    const emulator = await start()
    const [first, second] = [await newToken(emulator), await newToken(emulator)]
    const list = (await control(emulator, 'GET', '/tokens')).body
    expect(list).toMatchObject({
      total: 2,
      tokens: [{ user: 'ada', accessToken: `****${first.slice(-4)}` }, {}],
    })
    const [{ id } = { id: '' }] = list.tokens as { id: string }[]
    expect((await control(emulator, 'POST', '/kill-token', { id })).body).toEqual({ killed: true })
    expect((await control(emulator, 'POST', '/kill-token', { accessToken: second })).body).toEqual({
      killed: true,
    })
    expect((await control(emulator, 'POST', '/kill-token', { id })).body).toEqual({ killed: false })
    emulator.issueToken()
    expect((await control(emulator, 'POST', '/kill-tokens')).body).toEqual({ killed: 1 })

    const grants = (await control(emulator, 'GET', '/grants')).body
    expect(grants).toMatchObject({
      total: 1,
      grants: [{ user: 'ada', usedInWindow: 3, liveTokens: 0, blockedForMs: 0 }],
    })
    expect(JSON.stringify([list, grants])).not.toContain(emulator.refreshToken)
    const [{ id: grant } = { id: '' }] = grants.grants as { id: string }[]
    expect((await control(emulator, 'POST', '/revoke-grant', { id: grant })).body).toEqual({ revoked: true })
    const again = await control(emulator, 'POST', '/revoke-grant', { refreshToken: emulator.refreshToken })
    expect(again.body).toEqual({ revoked: false })
  })

  test('throttles, for a while or until told', async () => {
    const emulator = await start()
    await control(emulator, 'POST', '/throttle', { ms: 1_000 })
    expect((await refresh(emulator)).body.error).toBe('Access Denied')
    await control(emulator, 'POST', '/throttle', { off: true })
    expect((await refresh(emulator)).body.error).toBeUndefined()
    await control(emulator, 'POST', '/throttle')
    emulator.advance(minutes(10) - 1)
    expect((await refresh(emulator)).body.error).toBe('Access Denied')
  })

  test('gives the rules, and the variables of the default grant', async () => {
    const emulator = await start({ profile: 'crm', speed: 600 })
    expect((await control(emulator, 'GET', '/rules')).body).toEqual({
      tokenLifeMs: 6_000,
      codeLifeMs: 200,
      selfClientCodeLifeMs: 300,
      liveTokens: 15,
      refreshTokensPerUser: 20,
      tokensPerWindow: 10,
      tokenWindowMs: 1_000,
      grantsPerWindow: 5,
      grantWindowMs: 100,
    })
    expect((await control(emulator, 'GET', '/env')).body).toEqual(emulator.env())
  })

  test('reads the request log from where it was left', async () => {
    const emulator = await start()
    await refresh(emulator)
    await refresh(emulator, 'nobody knows it')
    const all = (await control(emulator, 'GET', '/requests')).body
    expect(all).toMatchObject({ total: 2, requests: [{ outcome: 'issued' }, { outcome: 'invalid_code' }] })
    expect((await control(emulator, 'GET', '/requests?after=1')).body).toMatchObject({
      requests: [{ id: 2 }],
    })
    expect((await control(emulator, 'GET', '/requests?limit=1')).body).toMatchObject({
      requests: [{ id: 2 }],
    })
    expect((await control(emulator, 'GET', '/requests?limit=0')).body).toMatchObject({
      total: 2,
      requests: [],
    })
  })

  test('logs what changes something, and not what only looks', async () => {
    const emulator = await start()
    await control(emulator, 'GET', '/counters')
    await control(emulator, 'POST', '/kill-tokens')
    expect(emulator.requests).toMatchObject([
      { kind: 'control', path: '/__emulator/kill-tokens', outcome: 'ok' },
    ])
  })
})

describe('the control API refuses', () => {
  test.each<[method: string, path: string, body: unknown, status: number, words: string]>([
    ['POST', '/clock', 'not json', 400, 'the body must be JSON'],
    ['POST', '/clock', [1], 400, 'the body must be a JSON object'],
    ['POST', '/clock', {}, 400, 'one of advanceMs, freeze, unfreeze must be given'],
    ['POST', '/clock', { advanceMs: 'much' }, 400, 'advanceMs must be a number'],
    ['POST', '/clock', { advanceMs: -1 }, 400, '0 or more'],
    ['POST', '/clock', { freeze: true, unfreeze: true }, 400, 'exclude each other'],
    ['POST', '/clock', { advance: 1 }, 400, 'unknown field advance'],
    ['POST', '/faults', { on: 'token', kind: 'rain' }, 400, 'kind must be one of'],
    ['POST', '/faults', { on: 'token', kind: 'hang', times: 'often' }, 400, 'times is missing or unusable'],
    ['POST', '/kill-token', {}, 400, 'one of accessToken and id must be given'],
    ['POST', '/revoke-grant', { refreshToken: 7 }, 400, 'refreshToken must be a string'],
    ['POST', '/counters-of', {}, 400, 'refreshToken is missing'],
    ['POST', '/grants', { dataCenter: 'mars' }, 400, 'no data centre mars'],
    ['POST', '/grants', { scopes: 'ALL' }, 400, 'scopes must be a list'],
    ['POST', '/codes', { codeChallengeMethod: 'S512' }, 400, 'S256 or plain'],
    ['POST', '/grants', { organization: '1' }, 400, 'ada does not belong to the organisation 1'],
    ['POST', '/grants', { environment: 'moon' }, 400, 'there is no environment moon'],
    ['POST', '/codes', { lifeMs: 0 }, 400, 'lifeMs must be'],
    ['POST', '/tokens', { refreshToken: 'nobody knows it' }, 409, 'no living grant'],
    ['POST', '/throttle', { ms: 1, off: true }, 400, 'exclude each other'],
    ['POST', '/throttle', { ms: 0 }, 400, 'ms must be'],
    ['GET', '/requests?after=x', undefined, 400, 'after must be a whole number'],
    ['GET', '/nothing', undefined, 404, 'unknown path'],
    ['PUT', '/faults', {}, 405, 'use GET or POST or DELETE'],
  ])('%s %s with %j', async (method, path, body, status, words) => {
    const emulator = await start()
    const answered = await control(emulator, method, path, body)
    expect(answered.status).toBe(status)
    expect(answered.body.error).toContain(words)
  })

  test.each<[method: string, headers: Record<string, string>, status: number]>([
    ['POST', {}, 415],
    ['DELETE', {}, 415],
    ['POST', { 'content-type': 'text/plain' }, 415],
    ['POST', { 'content-type': 'text/plain; a=application/json' }, 415],
    ['POST', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['POST', { 'content-type': 'application/jsonp' }, 415],
    ['POST', { 'content-type': 'Application/JSON; charset=utf-8' }, 200],
    ['POST', { 'x-zoho-emulator': '1' }, 200],
    ['DELETE', { 'x-zoho-emulator': '1' }, 200],
  ])('what a page elsewhere can send unasked: %s with %j is %d', async (method, headers, status) => {
    const emulator = await start()
    emulator.fault({ on: 'token', kind: 'hang' })
    const path = method === 'POST' ? '/reset' : '/faults'
    const response = await fetch(`${emulator.url}/__emulator${path}`, { method, headers })
    expect(response.status).toBe(status)
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(emulator.faults).toHaveLength(status === 200 ? 0 : 1)
  })

  test('to give another origin leave, when its browser asks', async () => {
    const emulator = await start()
    const response = await fetch(`${emulator.url}/__emulator/reset`, {
      method: 'OPTIONS',
      headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    })
    expect(response.status).toBe(415)
    for (const [name] of response.headers) expect(name).not.toMatch(/^access-control-/)
  })

  test('a host name or an origin that is not this machine', async () => {
    const emulator = await start()
    const { port } = new URL(emulator.url)
    const statusFor = (headers: Record<string, string>) =>
      new Promise<number | undefined>((resolve, reject) => {
        const asked = request(`${emulator.url}/__emulator/counters`, { headers }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
        asked.on('error', reject).end()
      })
    for (const host of [`localhost:${port}`, '127.0.0.1', `[::1]:${port}`])
      expect(await statusFor({ host })).toBe(200)
    for (const host of ['rebound.example', `localhost.example:${port}`, '127.0.0.1.example', '10.0.0.1'])
      expect(await statusFor({ host })).toBe(403)
    expect(await statusFor({ origin: `http://localhost:${port}` })).toBe(200)
    for (const origin of ['https://foreign.example', 'null', 'https://localhost.example'])
      expect(await statusFor({ origin })).toBe(403)
  })
})
