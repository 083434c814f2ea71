import { expect, test } from '@jest/globals'
import { RedisFault, redisFault } from '../src/faults.js'

/** As node-redis makes it: a class of its own, and neither a text nor a name. */
class TimeoutError extends Error {}

test.each<[what: string, thrown: unknown, said: string]>([
  ['a message', new Error('the socket closed'), 'the socket closed'],
  ['a code alone', Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  ['a name alone', Object.assign(new Error(''), { name: 'AbortError' }), 'AbortError'],
  ['a class alone', new TimeoutError(), 'TimeoutError'],
  ['a class and a message', new TimeoutError('after 5 000 ms'), 'after 5 000 ms'],
  ['nothing', new Error(''), 'unknown fault'],
  ['undefined', undefined, 'unknown fault'],
  [
    'the beginning of a command',
    new Error("ERR unknown command 'X', with args beginning with: 'secret'"),
    "ERR unknown command 'X'",
  ],
])('an error with %s is told as far as it goes', (_what, thrown, said) => {
  expect(redisFault(thrown).message).toBe(said)
})

test('what is a fault already stays as it is', () => {
  const fault = new RedisFault('gone', 'ECONNRESET')
  expect(redisFault(fault)).toBe(fault)
  expect(fault.code).toBe('ECONNRESET')
})
