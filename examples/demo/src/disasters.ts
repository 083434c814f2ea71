import { setTimeout as sleep } from 'node:timers/promises'
import type { ZohoAuth } from '@zoho-auth/core'
import type { Counters, Emulator, GrantInfo } from '@zoho-auth/emulator'
import type { Happened } from './callers.js'
import type { Customer } from './customers.js'
import { lifeLeftMs, type PretendZoho } from './pretend-zoho.js'
import type { TokenLedger } from './token-ledger.js'

/** About how long the story takes, in milliseconds. */
export const STORY_MS = 20_000

/** When each part begins, in milliseconds from the start; a part also waits for its moment. */
const DELETE_AT_MS = 8_000
const REVOKE_AT_MS = 16_500

/** The longest wait for a moment, in milliseconds. Two lives of a token are enough for every one. */
const MAX_WAIT_MS = 15_000

/** How often it is looked whether the moment has come, in milliseconds. */
const LOOK_EVERY_MS = 10

/** A token with this much life left is neither about to be refreshed nor just made, in milliseconds. */
const OURS_IS_FRESH_MS = { least: 4_000, most: 5_800 } as const
const THEIRS_IS_FRESH_MS = { least: 1_000, most: 5_800 } as const

/** The engine (`engine.ts`) refreshes with 3.2 to 3.7 s left at Zoho; this is shortly before, in milliseconds. */
const BEFORE_OUR_REFRESH_MS = 3_800

/** The hand-written cache refreshes when the token has expired; this is shortly before, in milliseconds. */
const BEFORE_THEIR_REFRESH_MS = 100

/** The customer whose token is deleted, and the one whose connection is revoked. */
const UNLUCKY: Customer = 'acme'
const LEAVING: Customer = 'globex'

const ORDINARY = 'ordinary load; tokens expire and are replaced'

/** Told at once when something else begins to happen. */
export type Announce = (words: string) => void

/** What the revoked grant had cost at the moment it was revoked. */
export type AtRevocation = Readonly<Counters>

/** Everything that goes wrong in the demo, in order. Both sides suffer the same, but for the revocation. */
export class Disasters implements Happened {
  readonly replacing: Set<Customer> = new Set()
  readonly revoked: Set<Customer> = new Set()
  #now: string = ORDINARY
  readonly #zoho: PretendZoho
  readonly #auth: ZohoAuth
  readonly #ledgers: readonly TokenLedger[]
  readonly #announce: Announce

  constructor(zoho: PretendZoho, auth: ZohoAuth, ledgers: readonly TokenLedger[], announce: Announce) {
    this.#zoho = zoho
    this.#auth = auth
    this.#ledgers = ledgers
    this.#announce = announce
    auth.on('token.refreshed', ({ connection }) => this.replacing.delete(connection as Customer))
  }

  /** What is happening, in words. */
  get now(): string {
    return this.#now
  }

  /** @returns What the revoked grant had cost by then. */
  async run(): Promise<AtRevocation> {
    const startedAt = performance.now()
    const until = (ms: number) => sleep(Math.max(0, startedAt + ms - performance.now()))
    const { emulator, ours, theirs } = this.#zoho
    const left = (grant: GrantInfo) => lifeLeftMs(emulator, grant)

    await until(DELETE_AT_MS)
    await moment(() => {
      const settled = this.#auth.peekToken({ connection: UNLUCKY }) !== undefined
      const fresh = isBetween(OURS_IS_FRESH_MS, left(ours[UNLUCKY]))
      return settled && fresh && isBetween(THEIRS_IS_FRESH_MS, left(theirs[UNLUCKY]))
    })
    this.#say(`deleting the live token of ${UNLUCKY} under load`)
    this.#delete(emulator)
    await sleep(1_500)

    this.#say(ORDINARY)
    await moment(() => left(ours[UNLUCKY]) < BEFORE_OUR_REFRESH_MS)
    await this.#throttle('Zoho throttles token requests, just when zoho-auth refreshes')
    await moment(() => left(theirs[UNLUCKY]) < BEFORE_THEIR_REFRESH_MS)
    await this.#throttle('Zoho throttles token requests, just when the hand-written cache refreshes')

    await until(REVOKE_AT_MS)
    this.#say(`revoking the connection of ${LEAVING}, one of two`)
    this.revoked.add(LEAVING)
    await this.#auth.revoke({ connection: LEAVING })
    const atRevocation = emulator.countersOf(ours[LEAVING].refreshToken)
    await sleep(1_500)

    this.#say(ORDINARY)
    await until(STORY_MS)
    return atRevocation
  }

  #say(words: string): void {
    this.#now = words
    this.#announce(words)
  }

  #delete(emulator: Emulator): void {
    for (const ledger of this.#ledgers) ledger.noteDeletion(UNLUCKY)
    this.replacing.add(UNLUCKY)
    for (const grants of [this.#zoho.ours, this.#zoho.theirs])
      emulator.killTokens(grants[UNLUCKY].refreshToken)
  }

  async #throttle(words: string): Promise<void> {
    const { emulator } = this.#zoho
    this.#say(words)
    for (const ledger of this.#ledgers) ledger.noteThrottle()
    emulator.throttle()
    await sleep(emulator.rules.tokenWindowMs)
    this.#say(ORDINARY)
  }
}

function isBetween({ least, most }: { least: number; most: number }, ms: number): boolean {
  return ms >= least && ms <= most
}

/** Waits until something is so. */
async function moment(isNow: () => boolean): Promise<void> {
  for (const deadline = performance.now() + MAX_WAIT_MS; !isNow(); await sleep(LOOK_EVERY_MS))
    if (performance.now() > deadline) throw new Error('the demo waited in vain for its next moment')
}
