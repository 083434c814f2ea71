import { describe, expect, test } from '@jest/globals'
import { memoryTokenStore, type TokenStore, type ZohoAuthOptions } from '@zoho-auth/core'
import { ManualClock } from '@zoho-auth/core/testing'
import type { Emulator } from '@zoho-auth/emulator'
import { ZohoAuthError } from '../src/words/errors.js'
import { Events } from '../src/words/events.js'
import { FailureLog } from '../src/words/failure-log.js'
import { Secrets } from '../src/words/secrets.js'
import {
  byHand,
  CANDIDATES,
  calm,
  codeOf,
  connectionsFor,
  emulate,
  engine,
  recruit,
  turning,
} from './support.js'

const FOREVER = Number.POSITIVE_INFINITY
const HOUR_MS = 3_600_000
/** Longer than any pause after a failure. */
const LONG_MS = 700_000

/** What an engine tells, apart. */
function listening() {
  const warned: string[] = []
  const told: string[] = []
  const logger = { warn: (line: string) => warned.push(line), debug: (line: string) => told.push(line) }
  return { warned, told, logger }
}

/** A failure log of no engine. */
function bare() {
  const { warned, logger } = listening()
  const clock = new ManualClock()
  const stopping = new AbortController().signal
  const { mask } = new Secrets(['the-client-secret'])
  return { warned, clock, log: new FailureLog(new Events(), logger, clock, stopping, mask) }
}

/** A store of another process that can be switched off. */
function switched(clock?: ManualClock) {
  const inner = memoryTokenStore(clock && { clock })
  let down = false
  const ask = async <T>(operation: () => Promise<T>): Promise<T> => {
    if (down) throw new Error('connect ECONNREFUSED 192.0.2.1:6379')
    return operation()
  }
  const store: TokenStore = {
    acquire: (key, request) => ask(() => inner.acquire(key, request)),
    commit: (key, lease, value, lifeMs) => ask(() => inner.commit(key, lease, value, lifeMs)),
    release: (key, lease, options) => ask(() => inner.release(key, lease, options)),
    invalidate: (key, cooldown) => ask(() => inner.invalidate(key, cooldown)),
    inspect: (key) => ask(() => inner.inspect(key)),
  }
  return {
    store,
    set down(value: boolean) {
      down = value
    },
  }
}

interface Trouble {
  readonly what: string
  readonly code: string
  /** What the line says besides the code: what to do, why, and when it is tried again. */
  readonly says: readonly RegExp[]
  readonly options?: () => { readonly options: ZohoAuthOptions; begin(): void; end(): void }
  readonly begin?: (emulator: Emulator) => void
}

const TROUBLES: readonly Trouble[] = [
  {
    what: 'a refresh token that Zoho refuses',
    code: 'ERR_ZOHO_CONSENT_REQUIRED',
    says: [/Ask the Zoho user for consent again/, /Cause: invalid_code\./, /Next attempt in 60 s\.$/],
    begin: (emulator) => emulator.fault({ on: 'token', kind: 'error', error: 'invalid_code' }),
  },
  {
    what: 'a client that Zoho refuses',
    code: 'ERR_ZOHO_CLIENT',
    says: [/Check ZOHO_CLIENT_ID and ZOHO_CLIENT_SECRET/, /Cause: invalid_client/, /Next attempt in 30 s\.$/],
    begin: (emulator) => emulator.fault({ on: 'token', kind: 'error', error: 'invalid_client' }),
  },
  {
    what: 'an accounts server that is down',
    code: 'ERR_ZOHO_UNAVAILABLE',
    says: [/the next attempt is made by itself/, /Cause: status 503/, /Next attempt in \d+ s\.$/],
    begin: (emulator) =>
      emulator.fault({ on: 'token', kind: 'status', status: 503, retryAfter: 60, times: FOREVER }),
  },
  {
    what: 'a throttle',
    code: 'ERR_ZOHO_THROTTLED',
    says: [/Wait for retryAfterMs/, /Next attempt in 600 s\.$/],
    begin: (emulator) => emulator.throttle(),
  },
  {
    what: 'a token store that is down',
    code: 'ERR_ZOHO_STORE',
    says: [/Bring the store back/, /Cause: connect ECONNREFUSED/, /Next attempt: with the next call\.$/],
    options: () => {
      const shared = switched()
      return {
        // So many that this process has no share of its own.
        options: { tokens: shared.store, expectedInstances: 1_000_000_000 },
        begin: () => {
          shared.down = true
        },
        end: () => {
          shared.down = false
        },
      }
    },
  },
]

describe('a failure is said once, with what an operator needs, however many callers there are', () => {
  // Zoho refused, was down, or the store was: 503 and 409 for the users, and not one line for whoever runs the app.
  test.each(TROUBLES)('$what', async ({ code, says, options, begin }) => {
    const { warned, logger } = listening()
    const trouble = options?.()
    const { clock, emulator, zoho } = await byHand({ logger, maxWaitMs: 1_000, ...trouble?.options })
    for (let time = 1; time <= 2; time++) {
      begin?.(emulator)
      trouble?.begin()
      for (let round = 0; round < 3; round++) {
        const callers = Array.from({ length: 10 }, () => codeOf(zoho.fetch(CANDIDATES, recruit)))
        for (const got of await turning(clock, Promise.all(callers))) expect(got).toBe(code)
      }
      expect(warned).toHaveLength(time)
      for (const part of [`${code}`, ...says]) expect(firstOf(warned, time)).toMatch(part)
      emulator.clearFaults()
      trouble?.end()
      await clock.advance(LONG_MS)
      expect(await turning(clock, codeOf(zoho.getToken()))).toBeUndefined()
      expect(warned).toHaveLength(time)
      // The token is over, so that the next call needs another one.
      await clock.advance(HOUR_MS)
    }
    expect(warned[1]).toMatch(/The last time ERR_ZOHO_\w+ came (once|\d+ times) before it ended\.$/)
  })

  /** The line of a time, without what is known of the time before. */
  function firstOf(warned: readonly string[], time: number): string {
    return (warned[time - 1] ?? '').replace(/ The last time .*$/, '')
  }
})

test('a grant that is dead for good is one line, also once its connection is marked', async () => {
  const { warned, told, logger } = listening()
  const clock = new ManualClock()
  const emulator = await emulate({ clock })
  const connections = connectionsFor(emulator, ['acme'])
  const zoho = engine(emulator, { clock, logger, connections })
  emulator.revokeGrant((await connections.get('acme'))?.refreshToken ?? '')
  for (let minute = 0; minute < 10; minute++) {
    const got = await turning(clock, codeOf(zoho.getToken({ connection: 'acme' })))
    expect(got).toBe('ERR_ZOHO_CONSENT_REQUIRED')
    await clock.advance(61_000)
  }
  expect((await connections.get('acme'))?.state).toBe('consent-required')
  expect(told).toContain('connection "acme": left alone until it has a new refresh token')
  expect(warned).toHaveLength(1)
})

test('an accounts server that hangs is one line, whatever callers waited for when their time was over', async () => {
  const { warned, logger } = listening()
  const { clock, emulator, zoho } = await byHand({ logger, timeoutMs: 1_000, maxWaitMs: 3_500 })
  emulator.fault({ on: 'token', kind: 'hang', times: FOREVER })
  const codes = new Set<string | undefined>()
  for (let round = 0; round < 5; round++) {
    const callers = Array.from({ length: 3 }, () => codeOf(zoho.getToken()))
    for (const code of await turning(clock, Promise.all(callers))) codes.add(code)
  }
  expect(codes).toContain('ERR_ZOHO_TIMEOUT')
  expect(warned).toEqual([
    expect.stringMatching(/^ERR_ZOHO_TIMEOUT for .*timeoutMs.*Cause: .*Next attempt in/),
  ])
})

test('who said no at Zoho’s page does not hide that the grant is dead', async () => {
  const { warned, log } = bare()
  const refused = { connection: 'one', message: 'The consent was not given at Zoho' }
  log.failed(new ZohoAuthError('ERR_ZOHO_CONSENT_REQUIRED', refused))
  log.failed(new ZohoAuthError('ERR_ZOHO_CONSENT_REQUIRED', { connection: 'one' }))
  expect(warned).toHaveLength(2)
})

describe('what no event tells is said as well', () => {
  test('nobody chose a connection, it does not exist, or the database of connections is down', async () => {
    const { warned, logger } = listening()
    const { clock, zoho } = await byHand({
      logger,
      connections: async (id) => {
        if (id === 'broken') throw new Error('no route to the database')
        return undefined
      },
    })
    for (let time = 0; time < 3; time++) {
      for (const connection of [undefined, 'gone', 'broken'])
        for (const call of [
          zoho.getToken({ connection }),
          zoho.fetch(CANDIDATES, { ...recruit, connection }),
        ])
          expect(await turning(clock, codeOf(call))).toMatch(/^ERR_ZOHO_(NO_CONNECTION|STORE)$/)
      expect(await codeOf(zoho.status('gone'))).toBe('ERR_ZOHO_NO_CONNECTION')
      expect(await codeOf(zoho.revoke({ connection: 'broken' }))).toBe('ERR_ZOHO_STORE')
    }
    expect(warned).toEqual([
      expect.stringMatching(/^ERR_ZOHO_NO_CONNECTION: .*Name the connection in the call/),
      expect.stringMatching(/^ERR_ZOHO_NO_CONNECTION for connection "gone": /),
      expect.stringMatching(/^ERR_ZOHO_STORE for connection "broken": .*Cause: no route to the database\./),
    ])
  })

  test('a refresh that nobody waits for', async () => {
    const { warned, logger } = listening()
    const { clock, emulator, zoho } = await byHand({ logger })
    const token = await zoho.getToken()
    emulator.fault({ on: 'token', kind: 'status', status: 502, times: FOREVER })
    await clock.advance(HOUR_MS - 120_000)
    for (let time = 0; time < 5; time++) {
      expect(await turning(clock, zoho.getToken(), 1_000)).toBe(token)
      await clock.advance(5_000)
      await calm()
    }
    expect(warned).toEqual([expect.stringMatching(/^ERR_ZOHO_UNAVAILABLE for .*status 502/)])
  })

  test('what a revocation ends with', async () => {
    const { warned, logger } = listening()
    const { clock, emulator, zoho } = await byHand({ logger })
    emulator.fault({ on: 'revoke', kind: 'status', status: 500, times: FOREVER })
    expect(await turning(clock, codeOf(zoho.revoke()))).toBe('ERR_ZOHO_UNAVAILABLE')
    expect(warned).toEqual([expect.stringMatching(/^ERR_ZOHO_UNAVAILABLE for connection "default": .*500/)])
  })

  test('a failure is over when another process has refreshed', async () => {
    const { warned, logger } = listening()
    const clock = new ManualClock()
    const emulator = await emulate({ clock })
    const { store: tokens } = switched(clock)
    const zoho = engine(emulator, { clock, tokens, logger })
    const other = engine(emulator, { clock, tokens, logger: { warn: () => {} } })
    for (let time = 1; time <= 2; time++) {
      emulator.fault({ on: 'token', kind: 'error', error: 'invalid_code' })
      expect(await turning(clock, codeOf(zoho.getToken()))).toBe('ERR_ZOHO_CONSENT_REQUIRED')
      expect(warned).toHaveLength(time)
      await clock.advance(LONG_MS)
      await turning(clock, other.getToken())
      await turning(clock, zoho.getToken())
      await clock.advance(HOUR_MS)
    }
  })
})

describe('logger.debug', () => {
  test('tells each refresh, reject, replay and cooldown', async () => {
    const { warned, told, logger } = listening()
    const { clock, emulator, zoho } = await byHand({ logger })
    await zoho.fetch(CANDIDATES, recruit)
    emulator.killTokens()
    await turning(clock, zoho.fetch(CANDIDATES, recruit))
    expect(told).toEqual([
      expect.stringMatching(
        /^connection "default": refreshed in \d+ ms; generation \d+, good for 3600 s, 1 in/,
      ),
      expect.stringMatching(/^connection "default": http:.* refused the token; the request is sent again$/),
      expect.stringMatching(/^connection "default": refreshed in .*, 2 in this window$/),
    ])
    await clock.advance(HOUR_MS)
    emulator.throttle()
    await turning(clock, codeOf(zoho.getToken()))
    expect(told.at(-1)).toBe('connection "default": nothing is sent for 600 s (throttled)')
    expect(warned).toHaveLength(1)
  })

  test('tells each attempt that fails again, and how a failure ends', async () => {
    const { told, logger } = listening()
    const { clock, emulator, zoho } = await byHand({ logger })
    emulator.fault({ on: 'token', kind: 'status', status: 503, times: 2 })
    await turning(clock, zoho.getToken())
    expect(told).toEqual([
      expect.stringMatching(/^again, ERR_ZOHO_UNAVAILABLE for .*status 503.*Next attempt in/),
      expect.stringMatching(/refreshed in/),
      expect.stringMatching(
        /^connection "default" works again: ERR_ZOHO_UNAVAILABLE came \d+ times before it ended$/,
      ),
    ])
  })

  test('a logger that throws disturbs no call', async () => {
    const broken = () => {
      throw new Error('the disk is full')
    }
    const { clock, emulator, zoho } = await byHand({ logger: { warn: broken, debug: broken } })
    emulator.fault({ on: 'token', kind: 'error', error: 'invalid_code' })
    expect(await turning(clock, codeOf(zoho.getToken()))).toBe('ERR_ZOHO_CONSENT_REQUIRED')
    await clock.advance(LONG_MS)
    expect(await turning(clock, codeOf(zoho.getToken()))).toBeUndefined()
  })
})

describe('bounds', () => {
  test('where everything fails at once, a hundred lines and one more; the others ten minutes later', async () => {
    const { warned, log, clock } = bare()
    const fail = () => {
      for (let number = 0; number < 130; number++)
        log.failed(new ZohoAuthError('ERR_ZOHO_UNAVAILABLE', { connection: `tenant-${number}` }))
    }
    fail()
    fail()
    expect(warned).toHaveLength(101)
    expect(warned[100]).toMatch(/^more than 100 failures within 10 minutes/)
    await clock.advance(LONG_MS)
    fail()
    expect(new Set(warned.map((line) => /"tenant-\d+"/.exec(line)?.[0])).size).toBe(130 + 1)
    expect(warned).toHaveLength(130 + 1)
  })

  test('a cause that changes with each call is told apart eight times', () => {
    const { warned, log } = bare()
    for (let port = 0; port < 1_000; port++)
      log.failed(new ZohoAuthError('ERR_ZOHO_STORE', { connection: 'one', cause: new Error(`port ${port}`) }))
    expect(warned).toHaveLength(8)
  })

  test('a cause is one line, and not a long one', () => {
    const { warned, log } = bare()
    log.failed(
      new ZohoAuthError('ERR_ZOHO_STORE', { cause: new Error(`a\nb\r\u001b[31m${'c'.repeat(5_000)}`) }),
    )
    expect(warned[0]).toContain('Cause: a b [31mccc')
    expect(warned[0]?.length).toBeLessThan(600)
  })

  test('a secret that a driver quotes is masked', () => {
    const { warned, log } = bare()
    const cause = new Error('POST with client_secret=the-client-secret failed')
    log.failed(new ZohoAuthError('ERR_ZOHO_STORE', { cause }))
    expect(warned[0]).toMatch(/Cause: POST with client_secret=\[masked\] failed\./)
  })
})
