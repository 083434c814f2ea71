import { expect, test } from '@jest/globals'
import { type GoTurn, memoryTokenStore, type QuietReason } from '@zoho-auth/core'
import { ManualClock } from '@zoho-auth/core/testing'
import fc from 'fast-check'
import { judgeApiAnswer } from '../src/rules/api-refusal.js'
import { hostPolicy } from '../src/rules/hosts.js'
import { judgeRevokeAnswer, judgeTokenAnswer } from '../src/rules/token-response.js'
import { DATA_CENTERS } from '../src/words/data-centers.js'
import { PRODUCTS } from '../src/words/products.js'

const RUNS = { numRuns: 500 }

type Step =
  | { readonly do: 'begin'; readonly who: number; readonly refuses: boolean }
  | { readonly do: 'commit' | 'abandon' | 'unspent'; readonly turn: number }
  | { readonly do: 'quiet'; readonly turn: number; readonly reason: QuietReason; readonly ms: number }
  | { readonly do: 'forget' }
  | { readonly do: 'wait'; readonly ms: number }

const index = fc.nat({ max: 20 })
const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('begin' as const),
        who: fc.nat({ max: 3 }),
        refuses: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('commit' as const, 'abandon' as const, 'unspent' as const),
        turn: index,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('quiet' as const),
        turn: index,
        reason: fc.constantFrom<QuietReason[]>('dead', 'throttled', 'backoff'),
        ms: fc.nat({ max: 2_000 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'forget' as const }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat({ max: 3_000 }) }) },
  ),
  { maxLength: 60 },
) as fc.Arbitrary<Step[]>

test('whatever happens in whatever order: one lease at a time, generations grow, the budget holds, nothing old wins', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (program) => {
      const clock = new ManualClock()
      const store = memoryTokenStore({ clock })
      const budget = { limit: 3, windowMs: 10_000 }
      const leaseMs = 1_500
      const turns: (GoTurn & { readonly leaseUntil: number })[] = []
      const ended = new Set<GoTurn>()
      /** Those whose end was told; a turn in flight that was forgotten can still be given back unspent. */
      const told = new Set<GoTurn>()
      const counted: number[] = []
      let newest = 0
      let flights = 0
      for (const step of program) {
        const turn = 'turn' in step ? turns[step.turn % Math.max(1, turns.length)] : undefined
        if (step.do === 'wait') clock.jump(step.ms)
        if (step.do === 'forget') {
          await store.forget('k')
          expect((await store.inspect('k'))?.token).toBeUndefined()
          for (const one of turns) ended.add(one)
          // Whatever was in flight loses from now on.
          newest = Math.max(newest, ...turns.map(({ generation }) => generation))
        }
        if (step.do === 'begin') {
          const lease = `flight-${flights++}`
          const answer = await store.begin('k', {
            lease,
            newerThan: step.refuses ? newest : 0,
            leaseMs,
            budget,
          })
          if (answer.kind === 'adopt')
            expect(answer.token.generation).toBeGreaterThan(step.refuses ? newest : 0)
          if (answer.kind !== 'go') continue
          const others = turns.filter((one) => !ended.has(one) && one.leaseUntil > clock.now())
          expect(others).toEqual([])
          expect(answer.generation).toBeGreaterThan(newest)
          turns.push({ ...answer, leaseUntil: clock.now() + leaseMs })
          counted.push(clock.now())
          expect(counted.filter((at) => at > clock.now() - budget.windowMs).length).toBeLessThanOrEqual(
            budget.limit,
          )
        }
        if (turn === undefined) continue
        if (step.do === 'commit') {
          const stored = await store.commit('k', turn, `token-${turn.generation}`, 60_000)
          if (turn.generation > newest) {
            expect(stored?.value).toBe(`token-${turn.generation}`)
            newest = turn.generation
          } else if (stored) expect(stored.generation).toBeGreaterThanOrEqual(turn.generation)
          ended.add(turn)
          told.add(turn)
        }
        if (step.do === 'abandon' || step.do === 'unspent' || step.do === 'quiet') {
          const first = !told.has(turn)
          await store.abandon('k', turn, {
            unspent: step.do === 'unspent',
            ...(step.do === 'quiet' ? { quiet: { reason: step.reason, ms: step.ms } } : {}),
          })
          if (step.do === 'unspent' && first) counted.splice(counted.indexOf(turn.at), 1)
          ended.add(turn)
          told.add(turn)
        }
      }
    }),
    RUNS,
  )
})

const anyBody = fc.oneof(
  fc.string(),
  fc.json(),
  fc
    .record(
      {
        access_token: fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
        error: fc.oneof(fc.string(), fc.constantFrom('invalid_code', 'Access Denied'), fc.integer()),
        expires_in: fc.oneof(fc.double(), fc.string(), fc.integer()),
        api_domain: fc.oneof(fc.webUrl(), fc.string(), fc.constant('https://www.zohoapis.com')),
        scope: fc.oneof(fc.string(), fc.array(fc.string())),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
)

test('any answer of the accounts server is judged: a token has a life and no foreign domain', () => {
  const ours = (url: URL) => url.origin === 'https://www.zohoapis.com'
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 599 }),
      anyBody,
      fc.option(fc.string()),
      (status, body, retryAfter) => {
        const answer = judgeTokenAnswer({ status, body, retryAfter: retryAfter ?? undefined }, ours)
        if (answer.kind === 'token') {
          expect(answer.value).toMatch(/^[\x21-\x7e]+$/)
          expect(answer.lifeMs).toBeGreaterThan(0)
          expect([undefined, 'https://www.zohoapis.com']).toContain(answer.apiDomain)
        }
        expect(judgeRevokeAnswer({ status, body }).kind).not.toBe('token')
      },
    ),
    RUNS,
  )
})

test('any answer of an API is judged, and quickly', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(undefined, ...PRODUCTS),
      fc.integer({ min: 100, max: 599 }),
      anyBody,
      (product, status, body) => {
        expect(['fine', 'certain', 'ambiguous', 'scope', 'other']).toContain(
          judgeApiAnswer(product, { status, body }),
        )
      },
    ),
    RUNS,
  )
})

test('no URL gets a token but https ones on Zoho’s own hosts', () => {
  const policy = hostPolicy(undefined, [])
  const url = fc.oneof(
    fc.webUrl({ withFragments: true, withQueryParameters: true }),
    fc.webUrl().map((text) => text.replace('://', '://recruit.zoho.com@')),
    fc.webUrl().map((text) => text.replace('://', '://recruit.zoho.com.')),
  )
  fc.assert(
    fc.property(url, (text) => {
      if (!URL.canParse(text)) return
      for (const dataCenter of DATA_CENTERS) expect(policy.allows(new URL(text), dataCenter)).toBe(false)
    }),
    RUNS,
  )
})
