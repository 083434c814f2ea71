import { expect, test } from '@jest/globals'
import { postgresFault } from '../src/faults.js'
import { tablesIn } from '../src/schema.js'

/** A class of its own, and neither a text nor a name. */
class TimeoutError extends Error {}

test.each<[what: string, thrown: unknown, said: string]>([
  ['a message', new Error('the socket closed'), 'the socket closed'],
  ['a code alone', Object.assign(new Error(''), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  ['errors alone', new AggregateError([new Error('connect failed')]), 'connect failed'],
  ['a name alone', Object.assign(new Error(''), { name: 'AbortError' }), 'AbortError'],
  ['a class alone', new TimeoutError(), 'TimeoutError'],
  ['nothing', new Error(''), 'unknown fault'],
  ['undefined', undefined, 'unknown fault'],
])('an error with %s is told as far as it goes', (_what, thrown, said) => {
  expect(postgresFault(thrown, tablesIn('public')).message).toBe(`PostgreSQL: ${said}`)
})
