import { describe, expect, test } from '@jest/globals'
import type { LoggedRequest } from '../src/index.js'
import { RequestLog } from '../src/request-log.js'
import { exchangeParameters, newToken, post, refreshParameters, start, statusWith } from './support.js'

describe('the request log', () => {
  test('tells what was asked and decided, on the time of the emulator', async () => {
    const emulator = await start()
    const token = await newToken(emulator)
    emulator.advance(5)
    await statusWith(emulator, token)
    await (await fetch(`${emulator.url}/nothing-here`)).text()
    const common = { dataCenter: 'us', query: '', bodyLength: 0 }
    expect(emulator.requests).toEqual([
      {
        ...common,
        id: 1,
        at: 1_000_000,
        kind: 'token',
        method: 'POST',
        path: '/oauth/v2/token',
        status: 200,
        outcome: 'issued',
        bodyLength: new URLSearchParams(refreshParameters(emulator)).toString().length,
        refreshToken: `****${emulator.refreshToken.slice(-4)}`,
      },
      {
        ...common,
        id: 2,
        at: 1_000_005,
        kind: 'api',
        method: 'GET',
        path: '/recruit/v2/Candidates',
        status: 200,
        outcome: 'ok',
        authorization: `Zoho-oauthtoken ****${token.slice(-4)}`,
        refreshToken: `****${emulator.refreshToken.slice(-4)}`,
        product: 'recruit',
      },
      {
        ...common,
        id: 3,
        at: 1_000_005,
        kind: 'other',
        method: 'GET',
        path: '/nothing-here',
        status: 404,
        outcome: 'not-found',
      },
    ])
  })

  test('holds no secret, wherever a client puts it', async () => {
    const emulator = await start()
    const token = await newToken(emulator)
    const code = emulator.createCode()
    const { clientSecret, refreshToken, url } = emulator
    const basic = Buffer.from(`${emulator.clientId}:${clientSecret}`).toString('base64')
    const asQuery = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString()
    await post(`${url}/oauth/v2/token?${asQuery(refreshParameters(emulator))}`)
    await post(
      `${url}/oauth/v2/token?${asQuery(exchangeParameters(emulator, code, { code_verifier: 'the-verifier' }))}`,
    )
    await post(`${url}/oauth/v2/revoke/token?token=${token}`, undefined, { authorization: `Basic ${basic}` })
    await post(`${url}/oauth/v2/token/revoke?token=${refreshToken}`)
    await fetch(`${url}/crm/v8/${token}?access_token=${token}&x=${refreshToken}`, {
      headers: { authorization: token },
    })
    await post(`${url}/__emulator/kill-token`, JSON.stringify({ accessToken: token }), {
      'content-type': 'application/json',
    })
    const log = JSON.stringify(emulator.requests)
    expect(emulator.requests).toHaveLength(7)
    for (const secret of [token, code, clientSecret, refreshToken, basic, 'the-verifier'])
      expect(log).not.toContain(secret)
  })

  test('tells a listener at once, until it stops listening', async () => {
    const emulator = await start()
    const heard: string[] = []
    const stop = emulator.onRequest(({ outcome }) => heard.push(outcome))
    await newToken(emulator)
    stop()
    await newToken(emulator)
    expect(heard).toEqual(['issued'])
  })

  test('keeps the last 10 000, oldest first', () => {
    const log = new RequestLog()
    const entry = {
      at: 0,
      kind: 'api',
      dataCenter: 'us',
      method: 'GET',
      path: '/',
      query: '',
      status: 200,
      outcome: 'ok',
      bodyLength: 0,
    } satisfies Omit<LoggedRequest, 'id'>
    for (let at = 0; at < 10_000; at += 1) log.add(entry)
    expect(log.entries().map(({ id }) => id)).toEqual(Array.from({ length: 10_000 }, (_, at) => at + 1))
    log.add(entry)
    const ids = log.entries().map(({ id }) => id)
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([10_000, 2, 10_001])
    log.clear()
    expect(log.entries()).toEqual([])
  })
})
