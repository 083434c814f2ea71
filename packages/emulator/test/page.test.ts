import { request } from 'node:http'
import { SourceTextModule } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import type { Emulator } from '../src/index.js'
import { callApi, consentUrl, minutes, newToken, post, refresh, seconds, start } from './support.js'

interface List<Item> {
  readonly total: number
  readonly list: readonly Item[]
}

interface Overview {
  readonly clock: object
  readonly throttledForMs: number
  readonly faults: readonly object[]
  readonly tokens: List<{ readonly id: string; readonly accessToken: string; readonly refreshToken?: string }>
  readonly endedTokens: List<{ readonly reason: string }>
  readonly grants: List<{ readonly id: string; readonly refreshToken: string; readonly user: string }>
  readonly users: List<object>
  readonly requests: List<object>
}

async function overview(emulator: Emulator): Promise<Overview> {
  const response = await fetch(`${emulator.pageUrl}overview`)
  expect(response.status).toBe(200)
  return (await response.json()) as Overview
}

const FILES = [
  'page.css',
  'main.js',
  'dom.js',
  'clock.js',
  'tokens.js',
  'quotas.js',
  'faults.js',
  'requests.js',
]

describe('the web page', () => {
  test('is where pageUrl says, on every listener, and the root leads a browser there', async () => {
    const emulator = await start({ dataCenters: ['us', 'eu'] })
    expect(emulator.pageUrl).toBe(`${emulator.url}/__emulator/`)
    for (const url of Object.values(emulator.accountsUrls)) {
      for (const from of [`${url}/`, `${url}/__emulator`, `${url}/__emulator/`]) {
        const response = await fetch(from, { headers: { accept: 'text/html,*/*' } })
        expect([response.status, response.url]).toEqual([200, `${url}/__emulator/`])
        expect(await response.text()).toContain('<h1>Zoho emulator</h1>')
      }
      // an API client that misses its path is told so
      expect((await fetch(`${url}/`)).status).toBe(404)
    }
    expect(emulator.requests.map(({ path, status }) => [path, status])).toEqual([
      ['/', 404],
      ['/', 404],
    ])
  })

  test.each(['', ...FILES])('loads and asks nobody but the emulator: %s', async (file) => {
    const emulator = await start()
    const response = await fetch(emulator.pageUrl + file)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-security-policy')?.split('; ')).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ])
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    const text = await response.text()
    expect(text).not.toMatch(/https?:\/\/|innerHTML|insertAdjacentHTML|\beval\b| style="| on\w+="/)
  })

  test('names its files, and its scripts are modules that find each other', async () => {
    const emulator = await start()
    const document = await (await fetch(emulator.pageUrl)).text()
    const named = [...document.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, name]) => name)
    expect(named).toEqual(['data:,', 'page.css', 'main.js'])
    for (const name of FILES.filter((file) => file.endsWith('.js'))) {
      const response = await fetch(emulator.pageUrl + name)
      expect(response.headers.get('content-type')).toBe('text/javascript;charset=UTF-8')
      const module = new SourceTextModule(await response.text(), { identifier: name })
      for (const specifier of module.dependencySpecifiers) expect(FILES).toContain(specifier.slice(2))
    }
  })

  test('has every element that its scripts look for', async () => {
    const emulator = await start()
    const document = await (await fetch(emulator.pageUrl)).text()
    for (const name of FILES.filter((file) => file.endsWith('.js'))) {
      const script = await (await fetch(emulator.pageUrl + name)).text()
      for (const [, id] of script.matchAll(/byId\('([^']+)'\)/g)) expect(document).toContain(`id="${id}"`)
    }
  })

  test.each(['', 'main.js', 'overview'])('is for this machine alone: %s', async (file) => {
    const emulator = await start()
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request(emulator.pageUrl + file, { headers: { host: 'rebound.example' } }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
        .on('error', reject)
        .end()
    })
    expect(status).toBe(403)
  })
})

describe('what the web page reads', () => {
  test('is the clock, the quotas, the faults and the log of one moment', async () => {
    const emulator = await start({ speed: 600, profile: 'accounts' })
    await newToken(emulator)
    emulator.fault({ on: 'api', kind: 'hang', times: Number.POSITIVE_INFINITY })
    emulator.throttle(700)
    emulator.freeze()
    expect(await overview(emulator)).toEqual({
      clock: { now: 1_000_000, frozen: true, speed: 600 },
      dataCenters: emulator.accountsUrls,
      rules: emulator.rules,
      counters: emulator.counters,
      throttledForMs: 700,
      faults: [{ on: 'api', kind: 'hang', times: 'forever' }],
      tokens: {
        total: 1,
        list: [
          {
            id: expect.stringMatching(/^[0-9a-f]{12}$/),
            accessToken: expect.stringMatching(/^\*{4}.{4}$/),
            grant: expect.stringMatching(/^[0-9a-f]{12}$/),
            refreshToken: expect.stringMatching(/^\*{4}.{4}$/),
            user: 'ada',
            dataCenter: 'us',
            issuedAt: 1_000_000,
            expiresAt: 1_006_000,
          },
        ],
      },
      endedTokens: { total: 0, list: [] },
      grants: {
        total: 1,
        list: [
          {
            id: expect.stringMatching(/^[0-9a-f]{12}$/),
            refreshToken: expect.stringMatching(/^\*{4}.{4}$/),
            user: 'ada',
            dataCenter: 'us',
            organization: { id: '20000000001', name: 'Analytical Engines' },
            environment: 'production',
            scopes: expect.any(Array),
            createdAt: 1_000_000,
            liveTokens: 1,
            usedInWindow: 1,
            blockedForMs: 0,
          },
        ],
      },
      users: {
        total: 1,
        list: [{ user: 'ada', dataCenter: 'us', refreshTokens: 1, newInWindow: 0, blockedForMs: 0 }],
      },
      requests: { total: 1, list: emulator.requests },
    })
  })

  test('holds no secret, whatever became of it', async () => {
    const emulator = await start()
    const { clientSecret, refreshToken, url } = emulator
    const [live, dead] = [await newToken(emulator), await newToken(emulator)]
    emulator.killToken(dead)
    const gone = emulator.createGrant().refreshToken
    emulator.revokeGrant(gone)
    const code = emulator.createCode()
    const challenge = 'a-plain-challenge-is-the-verifier-itself-0123456789'
    await fetch(consentUrl(emulator, { code_challenge: challenge }))
    const answered = await fetch(consentUrl(emulator, { user: 'ada', auto: 'accept' }), {
      redirect: 'manual',
    })
    const other = new URL(answered.headers.get('location') ?? '').searchParams.get('code') ?? ''
    await fetch(`${url}/nowhere/${clientSecret}?code=${code}&x=${clientSecret}&y=${live}`)
    await fetch(`${url}/nowhere?code=${other}`, { headers: { authorization: `Bearer ${live}` } })
    emulator.fault({ on: 'token', kind: 'error', error: `about ${refreshToken}`, refreshToken })
    emulator.fault({ on: 'api', kind: 'redirect', url: `https://foreign.example/?${dead}` })
    const seen = JSON.stringify(await overview(emulator))
    for (const secret of [clientSecret, refreshToken, live, dead, gone, code, other, challenge])
      expect(seen).not.toContain(secret)
  })

  test('tells how each token ended, for one token life', async () => {
    const emulator = await start()
    const [evicted, revoked, expired] = [
      await newToken(emulator),
      await newToken(emulator),
      await newToken(emulator),
    ]
    emulator.advance(seconds(1))
    emulator.killToken(evicted)
    await post(`${emulator.url}/oauth/v2/token/revoke?token=${revoked}`)
    emulator.advance(minutes(60) - seconds(1))
    expect((await callApi(emulator, expired)).status).toBe(401)
    expect(emulator.endedTokens).toMatchObject([
      { accessToken: evicted, reason: 'evicted', endedAt: 1_001_000 },
      { accessToken: revoked, reason: 'revoked', endedAt: 1_001_000 },
      { accessToken: expired, reason: 'expired', endedAt: 4_600_000, issuedAt: 1_000_000, user: 'ada' },
    ])
    const reasons = async () => (await overview(emulator)).endedTokens.list.map(({ reason }) => reason)
    expect(await reasons()).toEqual(['evicted', 'revoked', 'expired'])
    emulator.advance(seconds(1))
    expect(await reasons()).toEqual(['expired'])
  })

  test('is bounded, however much there is; the newest are kept', async () => {
    const emulator = await start()
    for (let at = 0; at < 40; at += 1) emulator.createGrant({ user: `user-${at}` })
    for (const { refreshToken } of emulator.grants)
      for (let at = 0; at < 3; at += 1) emulator.issueToken(refreshToken, { outsideQuota: true })
    for (let at = 0; at < 120; at += 1) await (await fetch(`${emulator.url}/nowhere`)).text()
    const now = await overview(emulator)
    expect([now.tokens.total, now.tokens.list.length]).toEqual([123, 60])
    expect([now.grants.total, now.grants.list.length]).toEqual([41, 25])
    expect([now.users.total, now.users.list.length]).toEqual([41, 25])
    expect([now.requests.total, now.requests.list.length]).toEqual([120, 100])
    expect(now.grants.list.at(-1)?.user).toBe('user-39')
    emulator.killTokens()
    const { endedTokens } = await overview(emulator)
    expect([endedTokens.total, endedTokens.list.length]).toEqual([123, 40])
  })

  test('gives the ids that its buttons send', async () => {
    const emulator = await start()
    const token = await newToken(emulator)
    const { tokens, grants } = await overview(emulator)
    const command = async (path: string, body: object) => {
      const response = await post(emulator.pageUrl + path, JSON.stringify(body), {
        'content-type': 'application/json',
      })
      return response.json()
    }
    expect(await command('kill-token', { id: tokens.list[0]?.id })).toEqual({ killed: true })
    expect((await callApi(emulator, token)).status).toBe(401)
    expect(await command('revoke-grant', { id: grants.list[0]?.id })).toEqual({ revoked: true })
    expect((await refresh(emulator)).body.error).toBe('invalid_code')
  })

  test('has a form for every kind of fault, and each can be queued from it', async () => {
    const emulator = await start()
    const { faultKinds } = (await (await fetch(`${emulator.pageUrl}fault-kinds`)).json()) as {
      faultKinds: {
        kind: string
        on: string[]
        fields: { name: string; type: string; optional: boolean }[]
      }[]
    }
    expect(faultKinds).toContainEqual({
      kind: 'status',
      on: ['token', 'revoke', 'api'],
      fields: [
        { name: 'status', type: 'number', optional: false },
        { name: 'retryAfter', type: 'any', optional: true },
        { name: 'body', type: 'text', optional: true },
        { name: 'contentType', type: 'text', optional: true },
      ],
    })
    for (const { kind, on, fields } of faultKinds)
      for (const where of on) {
        const needed = fields.filter(({ optional }) => !optional)
        const filled = needed.map(({ name, type }) => [name, type === 'number' ? 503 : 'x'])
        const body = JSON.stringify({ on: where, kind, times: 2, ...Object.fromEntries(filled) })
        const response = await post(`${emulator.pageUrl}faults`, body, { 'content-type': 'application/json' })
        expect([kind, where, response.status]).toEqual([kind, where, 200])
      }
    expect(emulator.faults).toHaveLength(faultKinds.reduce((sum, { on }) => sum + on.length, 0))
  })
})
