import 'reflect-metadata'
import { inspect } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import type { MiddlewareConsumer } from '@nestjs/common'
import { Controller, ForbiddenException, Get, Headers, type INestApplication, Module } from '@nestjs/common'
import { APP_FILTER } from '@nestjs/core'
import type { Emulator } from '@zoho-auth/emulator'
import { ZohoAuth, ZohoAuthError, ZohoAuthExceptionFilter, ZohoAuthModule } from '@zoho-auth/nestjs'
import { emulated, engineOptions, PLATFORMS, type Running, start, tenants } from './support.js'

@Controller()
class Api {
  constructor(private readonly zoho: ZohoAuth) {}

  @Get('candidates')
  async candidates(): Promise<number> {
    return (await this.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })).status
  }

  @Get('elsewhere')
  async elsewhere(): Promise<unknown> {
    return this.zoho.fetch('https://example.com/recruit')
  }

  @Get('thrown')
  thrown(@Headers('x-code') code: 'ERR_ZOHO_STATE'): void {
    throw new ZohoAuthError(code, {
      connection: 'the-connection',
      cause: new Error('the-cause'),
      action: 'the-action',
      retryAfterMs: 1_500,
    })
  }

  @Get('foreign')
  foreign(): void {
    throw new ForbiddenException('not yours')
  }
}

const withFilter = (app: INestApplication) => app.useGlobalFilters(new ZohoAuthExceptionFilter())

interface Case {
  readonly what: string
  readonly status: number
  readonly code: string
  readonly retryAfter?: RegExp
  readonly run: (emulator: Emulator, running: Running) => unknown
}

const CASES: Case[] = [
  {
    what: 'a withdrawn consent',
    status: 409,
    code: 'ERR_ZOHO_CONSENT_REQUIRED',
    run: (emulator) => emulator.revokeGrant(emulator.refreshToken),
  },
  {
    what: 'a revoked connection',
    status: 409,
    code: 'ERR_ZOHO_REVOKED',
    run: (_emulator, { app }) => app.get(ZohoAuth).revoke(),
  },
  {
    what: 'a throttle',
    status: 503,
    code: 'ERR_ZOHO_THROTTLED',
    retryAfter: /^\d{3}$/,
    run: (emulator) => emulator.throttle(),
  },
]

describe.each(PLATFORMS)('on $platform', ({ adapter }) => {
  test.each(CASES)(
    'the filter answers $what with $status $code',
    async ({ run, status, code, retryAfter }) => {
      const emulator = await emulated()
      const running = await start(
        {
          imports: [ZohoAuthModule.forRoot(engineOptions(emulator))],
          controllers: [Api],
        },
        { adapter, prepare: withFilter },
      )
      await run(emulator, running)
      const answer = await running.get<Record<string, unknown>>('/candidates')
      expect(answer.status).toBe(status)
      expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/)
      expect(answer.body).toMatchObject({
        status,
        code,
        type: expect.stringContaining(`errors.md#${code.toLowerCase()}`),
      })
      if (retryAfter === undefined) expect(answer.headers.get('retry-after')).toBeNull()
      else expect(answer.headers.get('retry-after')).toMatch(retryAfter)
      secretFree(emulator, answer, running)
    },
  )

  test.each(CASES)('without the filter Nest gives $what the status $status', async ({ run, status }) => {
    const emulator = await emulated()
    const running = await start(
      {
        imports: [ZohoAuthModule.forRoot(engineOptions(emulator))],
        controllers: [Api],
      },
      { adapter },
    )
    await run(emulator, running)
    const answer = await running.get<Record<string, unknown>>('/candidates')
    expect(answer.status).toBe(status)
    expect(Object.keys(answer.body).sort()).toEqual(['message', 'statusCode'])
    secretFree(emulator, answer, running)
  })

  test('a request without a connection is a 409, and costs nothing', async () => {
    const emulator = await emulated()
    const running = await start(
      {
        imports: [
          ZohoAuthModule.forRoot({ ...tenants(emulator).options, connection: async () => undefined }),
        ],
        controllers: [Api],
        providers: [{ provide: APP_FILTER, useClass: ZohoAuthExceptionFilter }],
      },
      { adapter },
    )
    expect(await running.get('/candidates')).toMatchObject({
      status: 409,
      body: { code: 'ERR_ZOHO_NO_CONNECTION', title: 'No Zoho connection' },
    })
    expect(emulator.counters.tokenRequests).toBe(0)
  })

  test('the body is fit for strangers', async () => {
    const emulator = await emulated()
    const running = await start(
      { imports: [ZohoAuthModule.forRoot(engineOptions(emulator))], controllers: [Api] },
      { adapter, prepare: withFilter },
    )
    const { body, headers } = await running.get('/thrown', { 'x-code': 'ERR_ZOHO_UNAVAILABLE' })
    expect(body).toEqual({
      type: 'https://github.com/zoho-auth/zoho-auth/blob/main/docs/errors.md#err_zoho_unavailable',
      title: 'Zoho unavailable',
      status: 503,
      code: 'ERR_ZOHO_UNAVAILABLE',
      detail: 'Zoho cannot be reached at the moment',
      retryAfterMs: 1_500,
    })
    expect(headers.get('retry-after')).toBe('2')
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test.each([
    { filter: 'with the filter', prepare: withFilter },
    { filter: 'without the filter', prepare: () => {} },
  ])('what only an operator can help with is a bare 500 $filter', async ({ prepare }) => {
    const emulator = await emulated()
    const running = await start(
      {
        imports: [ZohoAuthModule.forRoot({ ...engineOptions(emulator), clientSecret: 'the-wrong-secret' })],
        controllers: [Api],
      },
      { adapter, prepare },
    )
    for (const path of ['/candidates', '/elsewhere']) {
      const answer = await running.get<Record<string, unknown>>(path)
      expect(answer.status).toBe(500)
      expect(JSON.stringify(answer.body)).not.toMatch(/zoho|example|secret|client/i)
      secretFree(emulator, answer, running)
    }
    expect(running.logged.text).toContain('ERR_ZOHO_HOST_DENIED')
    expect(running.logged.text).not.toContain('the-wrong-secret')
  })

  test('other errors are none of the filter’s', async () => {
    const emulator = await emulated()
    const { get } = await start(
      { imports: [ZohoAuthModule.forRoot(engineOptions(emulator))], controllers: [Api] },
      { adapter, prepare: withFilter },
    )
    expect(await get('/foreign')).toMatchObject({ status: 403, body: { message: 'not yours' } })
    expect(await get('/nowhere')).toMatchObject({ status: 404 })
  })

  test('errors of middleware are answered too', async () => {
    const emulator = await emulated()
    @Module({})
    class Strict {
      configure(consumer: MiddlewareConsumer): void {
        consumer
          .apply(() => {
            throw new ZohoAuthError('ERR_ZOHO_REVOKED')
          })
          .forRoutes('candidates')
      }
    }
    const { get } = await start(
      { imports: [ZohoAuthModule.forRoot(engineOptions(emulator)), Strict], controllers: [Api] },
      { adapter, prepare: withFilter },
    )
    expect(await get('/candidates')).toMatchObject({ status: 409, body: { code: 'ERR_ZOHO_REVOKED' } })
  })
})

/** No secret in an answer, in a log, or in anything that Nest could print. */
function secretFree(emulator: Emulator, answer: unknown, { logged, app }: Running): void {
  const seen = [
    inspect(answer, { depth: 8 }),
    logged.text,
    inspect(app.get(ZohoAuth), { depth: 8, showHidden: true }),
  ]
  const tokens = emulator.liveTokens().map(({ accessToken }) => accessToken)
  for (const secret of [emulator.clientSecret, emulator.refreshToken, ...tokens])
    for (const text of seen) expect(text).not.toContain(secret)
  expect(JSON.stringify(answer)).not.toMatch(/the-cause|the-action|the-connection/)
}
