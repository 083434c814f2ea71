import { setTimeout as sleep } from 'node:timers/promises'
import { DEFAULT_BUDGET } from '@zoho-auth/core'
import type { OpenedStores } from '@zoho-auth/core/store'
import { scratchConnection } from '../scratch.js'
import { isConflict } from '../session.js'
import { type Finding, fault, ok, skipped, thrownFault } from './finding.js'

const CHECK = 'store'
const ATOMIC = 'compare-and-set'

/** Questions whose median time is told. */
const ROUNDS = 5

/** A store that takes longer than this for one question is as good as down, in milliseconds (ten seconds). */
const PATIENCE_MS = 10_000

/** A median above this is a fault, in milliseconds: core gives a store two seconds, and callers wait for it. */
const SLOW_MS = 500

/** The token that belongs to nobody. */
const SCRATCH_KEY = 'zoho-auth doctor'

/** How long the scratch lease lasts if this process is killed, in milliseconds. */
const LEASE_MS = 1_000

/**
 * Whether the store answers, how fast, and whether two writers can be told apart: on a token and a connection that are
 * nobody's, and that are gone afterwards.
 */
export async function checkStore(stores: OpenedStores | undefined, single: boolean): Promise<Finding[]> {
  if (stores === undefined)
    return [skipped(CHECK, 'tokens are kept in memory: each process makes its own (ZOHO_AUTH_STORE)')]
  try {
    const times: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const from = performance.now()
      await inTime(stores.tokens.inspect(SCRATCH_KEY))
      times.push(performance.now() - from)
    }
    const findings = [latency(times), await atomicTokens(stores)]
    if (!single) findings.push(await atomicConnections(stores))
    return findings
  } catch (error) {
    return [thrownFault(CHECK, error, 'Start the store, or correct ZOHO_AUTH_STORE and its rights.')]
  }
}

function latency(times: number[]): Finding {
  const median = times.sort((one, other) => one - other)[Math.floor(times.length / 2)] ?? 0
  const shown = `answers in ${median.toFixed(1)} ms (median of ${ROUNDS})`
  return median <= SLOW_MS
    ? ok(CHECK, shown)
    : fault(CHECK, shown, 'Put the store nearer to the app: each refresh asks it twice.', 'ERR_ZOHO_STORE')
}

/** Two askers: one may refresh, the other waits. */
async function atomicTokens({ tokens }: OpenedStores): Promise<Finding> {
  const holder = (): string => globalThis.crypto.randomUUID()
  const ask = () =>
    tokens.acquire(SCRATCH_KEY, {
      holder: holder(),
      minGeneration: 0,
      leaseMs: LEASE_MS,
      budget: DEFAULT_BUDGET,
    })
  const first = await inTime(ask())
  if (first.kind !== 'acquired') return skipped(ATOMIC, 'another doctor is looking at the tokens just now')
  try {
    const second = await inTime(ask())
    return second.kind === 'wait'
      ? ok(ATOMIC, 'of two that want to refresh, one may')
      : fault(
          ATOMIC,
          'two processes may refresh one token at once',
          'Use one of the stores of this library, or one that passes its contract.',
          'ERR_ZOHO_STORE',
        )
  } finally {
    await inTime(tokens.release(SCRATCH_KEY, first.lease, { unspent: true }))
  }
}

/** Of two writers that saw the same, the second is told. */
async function atomicConnections({ connections }: OpenedStores): Promise<Finding> {
  const row = scratchConnection()
  const write = () => connections.put(row, { ifVersion: 0 })
  try {
    await inTime(write())
    const told = await inTime(write()).then(
      () => false,
      (error: unknown) => {
        if (isConflict(error)) return true
        throw error
      },
    )
    return told
      ? ok(ATOMIC, 'of two that write one connection, the second is told')
      : fault(
          ATOMIC,
          'a connection that somebody else changed is overwritten',
          'Use one of the stores of this library, or one that passes its contract.',
          'ERR_ZOHO_STORE',
        )
  } finally {
    await inTime(connections.delete(row.id))
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const controller = new AbortController()
  const late = sleep(PATIENCE_MS, undefined, { signal: controller.signal }).then(() => {
    throw new Error(`the store did not answer within ${PATIENCE_MS / 1000} seconds`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    controller.abort()
  }
}
