// Waiting in tests: for an event, never for a moment. A busy machine makes a test slower, and not red.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How long something may take to come, in milliseconds (two minutes). Only what never comes takes as long. */
const PATIENCE_MS = 120_000

/**
 * How long a test's server keeps a connection that nobody uses, in milliseconds (ten minutes). On a busy machine a client may
 * use one again that Node's five seconds have just ended.
 */
export const KEEP_ALIVE_MS = 600_000

/** Waits until something is so. */
export async function until(condition, what = String(condition)) {
  const end = performance.now() + PATIENCE_MS
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not so within ${PATIENCE_MS} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** How late this process was at most since the call, in milliseconds; asked once. */
export function latenessMs() {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  return () => {
    delay.disable()
    return delay.max / 1e6
  }
}

/** A `fetch` whose answers are kept until they are released. What was asked for has been done by then. */
export function heldFetch(inner = fetch) {
  let held = 0
  let release
  const released = new Promise((resolve) => {
    release = resolve
  })
  return {
    async fetch(input, init) {
      const answer = await inner(input, init)
      held += 1
      await released
      return answer
    },
    held: (count = 1) => until(() => held >= count, `${count} answers that are kept`),
    release,
  }
}

/** Requests of `fetch` that have no whole answer yet. */
const underWay = new Set()
/** Those of them that are never answered. */
const hanging = new WeakSet()
/** Origins of the emulators that are watched. */
const watched = new Set()

const began = ({ request }) => underWay.add(request)
const ended = ({ request }) => underWay.delete(request)

/** What undici, which is Node's `fetch`, tells of its requests. */
const CHANNELS = [
  ['undici:request:create', began],
  ['undici:request:trailers', ended],
  ['undici:request:error', ended],
]

/** Lets {@link answered} wait for the answers of an emulator. */
export function watch(emulator) {
  if (watched.size === 0) for (const [name, listener] of CHANNELS) subscribe(name, listener)
  const origins = Object.values(emulator.accountsUrls).map((url) => new URL(url).origin)
  for (const origin of origins) watched.add(origin)
  emulator.onRequest(({ outcome, path }) => {
    if (outcome !== 'fault:hang') return
    for (const request of underWay) {
      if (hanging.has(request) || !origins.includes(String(request.origin))) continue
      if (String(request.path).split('?')[0] !== path) continue
      hanging.add(request)
      return
    }
  })
}

/** Ends what {@link watch} began: owed after each test. */
export function unwatch() {
  for (const [name, listener] of CHANNELS) unsubscribe(name, listener)
  watched.clear()
  underWay.clear()
}

/** Waits until every request to a watched emulator is answered, but for those that it lets hang. */
export function answered() {
  const isOpen = (request) => watched.has(String(request.origin)) && !hanging.has(request)
  return until(() => ![...underWay].some(isOpen), 'every request is answered')
}
