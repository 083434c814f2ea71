import { expect, test } from '@jest/globals'
import { describeFault } from '../src/words/errors.js'

/** As a driver makes it: a class of its own, and neither a text nor a name. */
class TimeoutError extends Error {}

test.each<[what: string, thrown: unknown, said: string]>([
  ['a message', new Error('the socket closed'), 'the socket closed'],
  [
    'a message and a code',
    fault('connect failed', { code: 'ECONNREFUSED' }),
    'connect failed (ECONNREFUSED)',
  ],
  ['a code alone', fault('', { code: 'ECONNREFUSED' }), '(ECONNREFUSED)'],
  ['a name alone', fault('', { name: 'AbortError' }), 'AbortError'],
  ['a class alone', new TimeoutError(), 'TimeoutError'],
  ['one of Node’s classes alone', new AggregateError([]), 'AggregateError'],
  ['a class and a message', new TimeoutError('after 5 000 ms'), 'after 5 000 ms'],
  ['a class and a code', Object.assign(new TimeoutError(), { code: 'ETIMEDOUT' }), '(ETIMEDOUT)'],
  ['a name of its own on a class', Object.assign(new TimeoutError(), { name: 'Late' }), 'Late'],
  ['a cause', new Error('begin failed', { cause: new TimeoutError() }), 'begin failed: TimeoutError'],
  ['a cause behind nothing', fault('', { cause: new Error('reset') }), 'reset'],
  [
    'a cause behind a name',
    fault('', { name: 'StoreError', cause: new TimeoutError() }),
    'StoreError: TimeoutError',
  ],
  ['nothing', new Error(''), 'unknown fault'],
  ['a name that is no text', fault('', { name: 7 }), 'unknown fault'],
  ['an empty name', fault('', { name: '' }), 'unknown fault'],
  ['an object without anything', Object.create(null), 'unknown fault'],
  ['a plain object', {}, 'unknown fault'],
  ['a text', 'the-secret', 'unknown fault'],
  ['undefined', undefined, 'unknown fault'],
])('an error with %s is told as far as it goes', (_what, thrown, said) => {
  expect(describeFault(thrown).message).toBe(said)
})

test('a chain of causes is followed four deep', () => {
  const deep = [5, 4, 3, 2, 1].reduce<Error | undefined>(
    (cause, depth) => new Error(`fault ${depth}`, { cause }),
    undefined,
  )
  expect(describeFault(deep).message).toBe('fault 1: fault 2: fault 3: fault 4')
})

function fault(message: string, fields: object): Error {
  return Object.assign(new Error(message), fields)
}
