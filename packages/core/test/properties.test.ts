import { expect, test } from '@jest/globals'
import { type CooldownReason, memoryTokenStore } from '@zoho-auth/core'
import type { RefreshLease } from '@zoho-auth/core/store'
import { ManualClock } from '@zoho-auth/core/testing'
import fc from 'fast-check'
import { judgeRevokeAnswer, judgeTokenAnswer } from '../src/accounts/answers.js'
import { judgeApiAnswer } from '../src/request/api-refusal.js'
import { DATA_CENTERS } from '../src/words/data-centers.js'
import { hostPolicy } from '../src/words/hosts.js'
import { PRODUCTS } from '../src/words/products.js'

const RUNS = { numRuns: 500 }

type Step =
  | { readonly do: 'acquire'; readonly who: number; readonly refuses: boolean }
  | { readonly do: 'commit' | 'release' | 'unspent'; readonly lease: number }
  | { readonly do: 'cooldown'; readonly lease: number; readonly reason: CooldownReason; readonly ms: number }
  | { readonly do: 'invalidate' }
  | { readonly do: 'wait'; readonly ms: number }

const index = fc.nat({ max: 20 })
const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('acquire' as const),
        who: fc.nat({ max: 3 }),
        refuses: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('commit' as const, 'release' as const, 'unspent' as const),
        lease: index,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('cooldown' as const),
        lease: index,
        reason: fc.constantFrom<CooldownReason[]>('dead', 'throttled', 'backoff'),
        ms: fc.nat({ max: 2_000 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'invalidate' as const }) },
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
      const leases: (RefreshLease & { readonly until: number })[] = []
      const ended = new Set<RefreshLease>()
      /** Those whose end was told; a lease in flight that was invalidated can still be given back unspent. */
      const told = new Set<RefreshLease>()
      const counted: number[] = []
      let newest = 0
      let flights = 0
      for (const step of program) {
        const lease = 'lease' in step ? leases[step.lease % Math.max(1, leases.length)] : undefined
        if (step.do === 'wait') clock.jump(step.ms)
        if (step.do === 'invalidate') {
          await store.invalidate('k')
          expect((await store.inspect('k'))?.token).toBeUndefined()
          for (const one of leases) ended.add(one)
          // Whatever was in flight loses from now on.
          newest = Math.max(newest, ...leases.map(({ generation }) => generation))
        }
        if (step.do === 'acquire') {
          const result = await store.acquire('k', {
            holder: `flight-${flights++}`,
            minGeneration: step.refuses ? newest : 0,
            leaseMs,
            budget,
          })
          if (result.kind === 'hit')
            expect(result.token.generation).toBeGreaterThan(step.refuses ? newest : 0)
          if (result.kind !== 'acquired') continue
          const others = leases.filter((one) => !ended.has(one) && one.until > clock.now())
          expect(others).toEqual([])
          expect(result.lease.generation).toBeGreaterThan(newest)
          leases.push({ ...result.lease, until: clock.now() + leaseMs })
          counted.push(clock.now())
          expect(counted.filter((at) => at > clock.now() - budget.windowMs).length).toBeLessThanOrEqual(
            budget.limit,
          )
        }
        if (lease === undefined) continue
        if (step.do === 'commit') {
          const stored = await store.commit('k', lease, `token-${lease.generation}`, 60_000)
          if (lease.generation > newest) {
            expect(stored?.value).toBe(`token-${lease.generation}`)
            newest = lease.generation
          } else if (stored) expect(stored.generation).toBeGreaterThanOrEqual(lease.generation)
          ended.add(lease)
          told.add(lease)
        }
        if (step.do === 'release' || step.do === 'unspent' || step.do === 'cooldown') {
          const first = !told.has(lease)
          await store.release('k', lease, {
            unspent: step.do === 'unspent',
            ...(step.do === 'cooldown' ? { cooldown: { reason: step.reason, ms: step.ms } } : {}),
          })
          if (step.do === 'unspent' && first) counted.splice(counted.indexOf(lease.at), 1)
          ended.add(lease)
          told.add(lease)
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
