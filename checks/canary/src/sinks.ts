import assert from 'node:assert/strict'
import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { format, inspect } from 'node:util'
import { serialize } from 'node:v8'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { isZohoAuth, Token } from '@zoho-auth/core'

/** A way in which people, logs and other programs get to see a value: its name, and what is seen. Empty: nothing. */
export type Sink = readonly [name: string, read: (value: unknown) => string]

/** Objects that one walk looks at, at most. A logger gives up much earlier. */
const MAX_OBJECTS = 20_000

/** How deep a walk that calls getters goes, as error trackers do. */
const GETTER_DEPTH = 4

const DEEP = { depth: 10, showHidden: true, maxStringLength: null, maxArrayLength: null } as const

/** Every way in which a value itself is read. A reader adds one by adding a line. */
export const SINKS: readonly Sink[] = [
  ['message', (value) => text(field(value, 'message'))],
  ['stack', (value) => text(field(value, 'stack'))],
  ['String()', (value) => tried(() => String(value))],
  ['a template literal', (value) => tried(() => `${value as string}`)],
  ['JSON.stringify', (value) => tried(() => JSON.stringify(value))],
  ['JSON without circles', (value) => json(value)],
  ['toJSON()', (value) => json((field(value, 'toJSON') as (() => unknown) | undefined)?.call(value))],
  ['inspect', (value) => inspect(value)],
  ['inspect, deep, hidden, getters', (value) => inspect(value, { ...DEEP, getters: true })],
  ['inspect, through proxies', (value) => inspect(value, { ...DEEP, showProxy: true })],
  ['%o', (value) => format('%o', value)],
  ['%O %s %j', (value) => tried(() => format('%O %s %j', value, value, value))],
  ['console.log', (value) => printed((console) => console.log('failed:', value))],
  ['console.error', (value) => printed((console) => console.error(value))],
  ['console.table', (value) => printed((console) => console.table([value]))],
  ['console.dir', (value) => printed((console) => console.dir(value, { depth: null, showHidden: true }))],
  ['console.trace', (value) => printed((console) => console.trace(value))],
  ['for in', (value) => each(value, (key) => [key, json(field(value, key))])],
  ['a spread copy', (value) => inspect({ ...(Object(value) as object) }, DEEP)],
  ['property descriptors', (value) => inspect(Object.getOwnPropertyDescriptors(Object(value)), DEEP)],
  ['own keys, hidden and symbols', (value) => walked(value)],
  ['getters of prototypes', (value) => walked(value, GETTER_DEPTH)],
  [
    'the chain of causes',
    (value) =>
      causes(value)
        .map((cause) => shown(cause))
        .join('\n'),
  ],
  ['members of AggregateError', (value) => list(field(value, 'errors')).map(shown).join('\n')],
  ['inside an AggregateError', (value) => inspect(new AggregateError([value], 'several failed'), DEEP)],
  ['as the cause of another', (value) => inspect(new Error('the app failed', { cause: value }), DEEP)],
  ['Error.captureStackTrace', (value) => tried(() => captured(value))],
  ['structuredClone', (value) => tried(() => inspect(structuredClone(value), DEEP))],
  ['postMessage', (value) => tried(() => inspect(posted(value), DEEP))],
  ['v8.serialize', (value) => tried(() => serialize(value).toString('latin1'))],
  ['a log like pino', (value) => json(asPino(value))],
  [
    'a log like winston',
    (value) => json(Object.assign({}, value, pick(value, ['message', 'stack', 'cause']))),
  ],
  [
    'a log like bunyan',
    (value) => json({ ...pick(value, ['message', 'name', 'code']), stack: stacks(value) }),
  ],
  ['an error tracker like Sentry', (value) => walked({ error: value, ...own(value) }, 3)],
  ['a span like OpenTelemetry', (value) => json(pick(value, ['code', 'name', 'message', 'stack']))],
  ['a failed assertion', (value) => tried(() => assert.deepStrictEqual(value, { expected: true }))],
  ['error.config', (value) => shown(field(value, 'config'))],
  ['error.request', (value) => shown(field(value, 'request'))],
  ['error.response', (value) => shown(field(value, 'response'))],
  ['headers of the request by name', (value) => sentHeaders(value)],
]

/** What is read of something thrown that loggers treat as an error. */
const shown = (value: unknown): string =>
  value === undefined
    ? ''
    : [
        tried(() => `${value as string}`),
        text(field(value, 'stack')),
        inspect(value, DEEP),
        json(value),
      ].join('\n')

function field(value: unknown, key: PropertyKey): unknown {
  return value === undefined || value === null ? undefined : (value as Record<PropertyKey, unknown>)[key]
}

const text = (value: unknown): string => (value === undefined ? '' : `${value as string}`)
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const isObject = (value: unknown): value is object =>
  (typeof value === 'object' || typeof value === 'function') && value !== null

/** What somebody sees in whose place this throws. */
function tried(work: () => unknown): string {
  try {
    return text(work())
  } catch (error) {
    return `${text(field(error, 'stack'))} ${text(field(error, 'message'))}`
  }
}

function json(value: unknown): string {
  const seen = new Set<unknown>()
  return tried(() =>
    JSON.stringify(value, (_, item: unknown) => {
      if (!isObject(item)) return typeof item === 'bigint' ? String(item) : item
      if (seen.has(item)) return '[circular]'
      seen.add(item)
      return item instanceof Map || item instanceof Set ? [...item] : item
    }),
  )
}

function printed(print: (console: Console) => void): string {
  const parts: string[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      parts.push(String(chunk))
      done()
    },
  })
  print(new Console({ stdout: stream, stderr: stream }))
  return parts.join('')
}

function keysOf(value: unknown): readonly string[] {
  const keys: string[] = []
  if (isObject(value)) for (const key in value) keys.push(key)
  return keys
}

const each = (value: unknown, tell: (key: string) => readonly string[]): string =>
  keysOf(value).flatMap(tell).join('\n')

const own = (value: unknown): object =>
  Object.fromEntries(isObject(value) ? Object.keys(value).map((key) => [key, field(value, key)]) : [])

const pick = (value: unknown, names: readonly string[]): object =>
  Object.fromEntries(names.map((name) => [name, field(value, name)]).filter(([, one]) => one !== undefined))

function causes(value: unknown): readonly unknown[] {
  const found: unknown[] = []
  for (let one = field(value, 'cause'); one !== undefined && found.length < 10; one = field(one, 'cause'))
    found.push(one)
  return found
}

const stacks = (value: unknown): string =>
  [value, ...causes(value)].map((one) => text(field(one, 'stack'))).join('\ncaused by: ')

/** As `pino-std-serializers` has it: what an error holds that can be enumerated, and the same of errors in there. */
function asPino(value: unknown, depth = 0): unknown {
  if (!(value instanceof Error) || depth > 5) return value
  const told: Record<string, unknown> = {
    type: value.constructor.name,
    message: value.message,
    stack: stacks(value),
  }
  const { errors } = value as { errors?: unknown }
  if (Array.isArray(errors)) told.aggregateErrors = errors.map((one) => asPino(one, depth + 1))
  for (const key of keysOf(value)) told[key] ??= asPino(field(value, key), depth + 1)
  return told
}

function captured(value: unknown): string {
  const holder = Object.create(isObject(value) ? value : null) as { stack?: string }
  Error.captureStackTrace(holder)
  return `${text(holder.stack)}\n${inspect(holder, DEEP)}`
}

function posted(value: unknown): unknown {
  const { port1, port2 } = new MessageChannel()
  try {
    port1.postMessage(value)
    return receiveMessageOnPort(port2)?.message
  } finally {
    port1.close()
  }
}

/** What somebody reads who knows where Node and follow-redirects keep the headers of a request. */
function sentHeaders(value: unknown): string {
  const requests = [field(value, 'request'), field(field(value, 'response'), 'request')]
  return requests
    .flatMap((request) => [
      request,
      field(request, '_currentRequest'),
      field(request, 'req'),
      field(field(request, 'res'), 'req'),
    ])
    .flatMap((one) => [
      field(one, '_header'),
      field(field(one, '_options'), 'headers'),
      field(field(field(one, '_redirectable'), '_options'), 'headers'),
      (field(one, 'getHeaders') as (() => unknown) | undefined)?.call(one),
      field(field(field(one, 'socket'), '_httpMessage'), '_header'),
    ])
    .filter((found) => found !== undefined)
    .map((found) => inspect(found, DEEP))
    .join('\n')
}

/**
 * Every text that properties lead to, hidden ones and symbols included, also inside maps, sets and bytes.
 *
 * @param getters How deep getters are called, those of prototypes too. Default: none. Those of a `Token` and of an engine are
 * its calls, and what they give was asked for.
 */
function walked(root: unknown, getters = 0): string {
  const found: string[] = []
  const seen = new Set<unknown>()
  const waiting: [value: unknown, depth: number][] = [[root, 0]]
  for (let next = waiting.pop(); next !== undefined && seen.size < MAX_OBJECTS; next = waiting.pop()) {
    const [value, depth] = next
    if (typeof value === 'string') found.push(value)
    if (!isObject(value) || seen.has(value)) continue
    seen.add(value)
    if (value instanceof Uint8Array) {
      found.push(Buffer.from(value).toString('latin1'))
      continue
    }
    if (value instanceof Map || value instanceof Set)
      waiting.push(...[...value.entries()].map((one) => [one, depth + 1] as [unknown, number]))
    const calls = depth < getters && !(value instanceof Token) && !isZohoAuth(value)
    for (const [key, descriptor] of described(value, calls)) {
      found.push(String(key))
      if ('value' in descriptor) waiting.push([descriptor.value, depth + 1])
      else if (calls) waiting.push([got(descriptor, value), depth + 1])
    }
  }
  return found.join('\n')
}

function described(value: object, inherited: boolean): [PropertyKey, PropertyDescriptor][] {
  const found: [PropertyKey, PropertyDescriptor][] = []
  for (
    let one: object | null = value;
    one !== null && one !== Object.prototype;
    one = inherited ? Object.getPrototypeOf(one) : null
  )
    for (const key of Reflect.ownKeys(one)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(one, key)
      if (descriptor !== undefined && (one === value || descriptor.get !== undefined))
        found.push([key, descriptor])
    }
  return found
}

function got(descriptor: PropertyDescriptor, value: object): unknown {
  try {
    return descriptor.get?.call(value)
  } catch {
    return undefined
  }
}
