import { describe, expect, test } from '@jest/globals'
import { DEFAULT_EXPIRY_POLICY, Freshener, REFERENCE_LIFE_MS } from '../src/words/expiry.js'

const HOUR = REFERENCE_LIFE_MS
const now = 1_800_000_000_000
const seconds = (count: number) => count * 1000

describe('a token of an hour', () => {
  const at = (left: number, spread: number) =>
    new Freshener(DEFAULT_EXPIRY_POLICY, spread).judge(now + left, HOUR, now)

  test.each([
    { left: seconds(300) + 1, spread: 0, want: 'fresh' },
    { left: seconds(300), spread: 0, want: 'stale' },
    { left: seconds(600) + 1, spread: 1, want: 'fresh' },
    { left: seconds(600), spread: 1, want: 'stale' },
    { left: seconds(450) + 1, spread: 0.5, want: 'fresh' },
    { left: seconds(450), spread: 0.5, want: 'stale' },
    { left: seconds(30) + 1, spread: 0, want: 'stale' },
    { left: seconds(30), spread: 0, want: 'expired' },
    { left: 0, spread: 0, want: 'expired' },
    { left: -1, spread: 0, want: 'expired' },
    { left: Number.NaN, spread: 0, want: 'expired' },
  ])('$left ms before expiry, at point $spread of its process, is $want', ({ left, spread, want }) => {
    expect(at(left, spread)).toBe(want)
  })
})

describe('a token of six seconds', () => {
  const at = (left: number) => new Freshener(DEFAULT_EXPIRY_POLICY, 0).judge(now + left, seconds(6), now)

  test.each([
    { left: 501, want: 'fresh' },
    { left: 500, want: 'stale' },
    { left: 51, want: 'stale' },
    { left: 50, want: 'expired' },
  ])('$left ms before expiry is $want: all times shrink in proportion', ({ left, want }) => {
    expect(at(left)).toBe(want)
  })
})

test.each([1, 10, 1_000, 60_000, 600_000, 1_800_000, HOUR, 2 * HOUR])(
  'a token of %d ms is fresh when it is new and expired at its end',
  (life) => {
    for (const spread of [0, 0.5, 1]) {
      const freshener = new Freshener(DEFAULT_EXPIRY_POLICY, spread)
      expect(freshener.judge(now + life, life, now)).toBe('fresh')
      expect(freshener.judge(now + life, life, now + life)).toBe('expired')
      expect(freshener.staleAt(now + life, life)).toBeLessThan(freshener.unusableAt(now + life, life))
    }
  },
)
