import { describe, expect, test } from '@jest/globals'
import { DEFAULT_EXPIRY_POLICY, drawnPolicy, freshness, REFERENCE_LIFE_MS } from '../src/words/expiry.js'

const HOUR = REFERENCE_LIFE_MS
const now = 1_800_000_000_000
const seconds = (count: number) => count * 1000

describe('a token of an hour', () => {
  const at = (left: number, draw: number) =>
    freshness(now + left, HOUR, now, drawnPolicy(DEFAULT_EXPIRY_POLICY, draw))

  test.each([
    { left: seconds(300) + 1, draw: 0, want: 'fresh' },
    { left: seconds(300), draw: 0, want: 'stale' },
    { left: seconds(600) + 1, draw: 1, want: 'fresh' },
    { left: seconds(600), draw: 1, want: 'stale' },
    { left: seconds(450) + 1, draw: 0.5, want: 'fresh' },
    { left: seconds(450), draw: 0.5, want: 'stale' },
    { left: seconds(30) + 1, draw: 0, want: 'stale' },
    { left: seconds(30), draw: 0, want: 'expired' },
    { left: 0, draw: 0, want: 'expired' },
    { left: -1, draw: 0, want: 'expired' },
    { left: Number.NaN, draw: 0, want: 'expired' },
  ])('$left ms before expiry, at point $draw of its process, is $want', ({ left, draw, want }) => {
    expect(at(left, draw)).toBe(want)
  })
})

describe('a token of six seconds', () => {
  const at = (left: number) => freshness(now + left, seconds(6), now, drawnPolicy(DEFAULT_EXPIRY_POLICY, 0))

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
    for (const draw of [0, 0.5, 1]) {
      const policy = drawnPolicy(DEFAULT_EXPIRY_POLICY, draw)
      const at = (part: number) => freshness(now + life, life, now + life * part, policy)
      expect(at(0)).toBe('fresh')
      expect(at(0.97)).toBe('stale')
      expect(at(1)).toBe('expired')
    }
  },
)
