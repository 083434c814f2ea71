import { expect, test } from '@jest/globals'
import { systemClock } from '@zoho-auth/core'
import { ManualClock } from '@zoho-auth/core/testing'
import fc from 'fast-check'

function turned() {
  const time = { wall: 1_000_000, steady: 500 }
  const clock = systemClock(
    () => time.wall,
    () => time.steady,
  )
  return { time, clock }
}

test('the system clock follows the wall clock', () => {
  const { time, clock } = turned()
  time.wall += 10
  time.steady += 10
  expect(clock.now()).toBe(1_000_010)
})

test('a wall clock that steps back does not slow it', () => {
  const { time, clock } = turned()
  time.wall -= 3_600_000
  time.steady += 1_000
  expect(clock.now()).toBe(1_001_000)
})

test('a monotonic clock that stood still during a suspend does not slow it', () => {
  const { time, clock } = turned()
  time.wall += 7_200_000
  time.steady += 5
  expect(clock.now()).toBe(8_200_000)
})

test('a step forward that is taken back later is never taken back here', () => {
  const { time, clock } = turned()
  time.wall += 86_400_000
  const ahead = clock.now()
  time.wall -= 86_400_000
  time.steady += 1_000
  expect(clock.now()).toBe(ahead + 1_000)
})

test('whatever both clocks do, it never goes back or behind the wall clock, and knows of a step back 100 ms later', () => {
  const steps = fc.array(
    fc.record({
      wall: fc.oneof(fc.integer({ min: -300, max: 300 }), fc.integer({ min: -1e7, max: 1e7 })),
      steady: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 1e7 })),
    }),
    { maxLength: 30 },
  )
  fc.assert(
    fc.property(steps, (program) => {
      const { time, clock } = turned()
      let before = clock.now()
      let ahead = time.wall - time.steady
      for (const { wall, steady } of program) {
        time.wall += wall
        time.steady += steady
        ahead = Math.max(ahead, time.wall - time.steady)
        const now = clock.now()
        expect(now).toBeGreaterThanOrEqual(before)
        expect(now).toBeGreaterThanOrEqual(time.wall)
        before = now
      }
      // Looked at once more after a tenth of a second, it knows.
      time.wall += 101
      time.steady += 101
      expect(clock.now()).toBeGreaterThanOrEqual(time.steady + ahead - 100)
    }),
  )
})

test('sleep ends with the signal, for its reason', async () => {
  const reason = new Error('enough')
  await expect(systemClock().sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason)
  const controller = new AbortController()
  const asleep = systemClock().sleep(60_000, controller.signal)
  controller.abort(reason)
  await expect(asleep).rejects.toBe(reason)
})

test('a manual clock wakes sleepers in order, each at its own moment', async () => {
  const clock = new ManualClock(0)
  const woken: [string, number][] = []
  const sleeper = async (name: string, ms: number) => {
    await clock.sleep(ms)
    woken.push([name, clock.now()])
  }
  void sleeper('late', 20)
  void sleeper('early', 10).then(() => sleeper('chained', 5))
  await clock.advance(19)
  expect(woken).toEqual([
    ['early', 10],
    ['chained', 15],
  ])
  await clock.advance(1)
  expect(woken.at(-1)).toEqual(['late', 20])
})
