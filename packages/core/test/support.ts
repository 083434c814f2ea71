import { afterEach, beforeAll } from '@jest/globals'
import {
  type Connection,
  createZohoAuth,
  type DataCenter,
  EVENT_NAMES,
  memoryConnectionStore,
  type ZohoAuth,
  type ZohoAuthOptions,
} from '@zoho-auth/core'
import { ManualClock } from '@zoho-auth/core/testing'
import { type Emulator, type EmulatorOptions, startEmulator } from '@zoho-auth/emulator'
import { answered, unwatch, watch } from '../../../checks/support/waiting.mjs'

/** What is closed after each test, all at once: a server that goes away ends requests that hang. */
const opened: { close(): Promise<void> }[] = []

// The engine loads it at the first refresh, which takes a moment: no test shall spend its time on that.
beforeAll(async () => void (await import('openid-client')))

afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()))
  unwatch()
})

export function closing<T extends { close(): Promise<void> }>(one: T): T {
  opened.push(one)
  return one
}

export async function emulate(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = closing(await startEmulator(options))
  watch(emulator)
  return emulator
}

/** An engine for the emulator's default grant, or for many connections. */
export function engine(emulator: Emulator, options: ZohoAuthOptions = {}): ZohoAuth {
  return closing(
    createZohoAuth({
      clientId: emulator.clientId,
      clientSecret: emulator.clientSecret,
      accountsUrl: emulator.accountsUrl,
      ...(options.connections === undefined ? { refreshToken: emulator.refreshToken } : {}),
      ...options,
    }),
  )
}

/** Emulator and engine on one clock that is turned by hand. */
export async function byHand(options: ZohoAuthOptions = {}, emulatorOptions: EmulatorOptions = {}) {
  const clock = new ManualClock()
  const emulator = await emulate({ clock, ...emulatorOptions })
  const events: string[] = []
  const zoho = engine(emulator, { clock, logger: { warn: () => {} }, ...options })
  for (const name of EVENT_NAMES) zoho.on(name, () => events.push(name))
  return { clock, emulator, zoho, events }
}

/** Turns the clock until a promise settles, and waits for the emulator's answers in between. */
export async function turning<T>(clock: ManualClock, work: Promise<T>, stepMs = 500): Promise<T> {
  let settled = false
  const done = work.finally(() => {
    settled = true
  })
  done.catch(() => {})
  for (let step = 0; !settled && step < MAX_STEPS; step++) {
    await calm()
    if (!settled) await clock.advance(stepMs)
  }
  return done
}

const MAX_STEPS = 2_000

/** Waits until the emulator has answered all it will answer, and lets what came of it begin. */
export async function calm(): Promise<void> {
  await breathe(6)
  await answered()
  await breathe(2)
  await answered()
}

/** Lets real input and output happen. */
export const breathe = (ms = 10): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export function connection(id: string, refreshToken: string, dataCenter: DataCenter = 'us') {
  const state = 'active' as const
  return { id, refreshToken, dataCenter, state, version: 1, createdAt: 0, updatedAt: 0 } satisfies Connection
}

/** A store with one grant per id, each of a user of its own. */
export function connectionsFor(emulator: Emulator, ids: readonly string[]) {
  return memoryConnectionStore(
    ids.map((id) => connection(id, emulator.createGrant({ user: id }).refreshToken, emulator.dataCenter)),
  )
}

export async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error) => String((error as { code?: unknown }).code ?? error),
  )
}

export const CANDIDATES = '/recruit/v2/Candidates'
export const recruit = { product: 'recruit' } as const
