import { expect, test } from '@jest/globals'
import { bar, duration } from '../src/output/bar.js'
import { LiveLines } from '../src/output/live.js'
import { paintFor } from '../src/output/paint.js'
import { table } from '../src/output/table.js'
import { later } from './support.js'

test.each([
  { fraction: 1, want: '██████████' },
  { fraction: 0.5, want: '█████░░░░░' },
  { fraction: 0, want: '░░░░░░░░░░' },
  { fraction: 7, want: '██████████' },
  { fraction: -1, want: '░░░░░░░░░░' },
  { fraction: Number.NaN, want: '░░░░░░░░░░' },
])('a bar of $fraction', ({ fraction, want }) => {
  expect(bar(fraction)).toBe(want)
})

test.each([
  { ms: -1, want: '0 s' },
  { ms: 59_400, want: '59 s' },
  { ms: 60_000, want: '1 min' },
  { ms: 3_599_559, want: '1 h' },
  { ms: 5_400_000, want: '1 h 30 min' },
  { ms: 86_400_000, want: '1 d' },
  { ms: 90_000_000, want: '1 d 1 h' },
])('$ms ms are $want', ({ ms, want }) => {
  expect(duration(ms)).toBe(want)
})

test('columns are as wide as their widest cell; colours take no room', () => {
  expect(
    table(
      ['A', 'B'],
      [
        ['\u001b[31mlong\u001b[39m', 'x'],
        ['s', 'y'],
      ],
    ),
  ).toEqual(['A     B', '\u001b[31mlong\u001b[39m  x', 's     y'])
})

test('colours are for terminals, and not where NO_COLOR is set', () => {
  const { NO_COLOR, TERM } = process.env
  later(() => {
    for (const [name, value] of Object.entries({ NO_COLOR, TERM }))
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
  })
  delete process.env.NO_COLOR
  process.env.TERM = 'xterm'
  expect(paintFor({ isTTY: true })('red', 'x')).toBe('\u001b[31mx\u001b[39m')
  expect(paintFor({})('red', 'x')).toBe('x')
  process.env.NO_COLOR = '1'
  expect(paintFor({ isTTY: true })('red', 'x')).toBe('x')
  delete process.env.NO_COLOR
  process.env.TERM = 'dumb'
  expect(paintFor({ isTTY: true })('red', 'x')).toBe('x')
})

test('live lines replace what they showed before', () => {
  let written = ''
  const live = new LiveLines({ write: (text: string) => (written += text), rows: 3 })
  live.show(['one', 'two', 'does not fit'])
  live.show(['three'])
  live.keep()
  live.show(['four'])
  const shown = written.replaceAll('\u001b[?7l', '').replaceAll('\u001b[?7h', '')
  expect(shown).toBe('one\ntwo\n\u001b[2A\r\u001b[0Jthree\nfour\n')
})
