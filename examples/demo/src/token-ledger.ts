import type { Emulator } from '@zoho-auth/emulator'
import { CUSTOMERS, type Customer } from './customers.js'
import type { Grants } from './pretend-zoho.js'

/** Why a token was asked for. `needless`: there was a good one, or somebody was asking already. */
export type Reason = 'first' | 'expiry' | 'deletion' | 'throttle' | 'needless'

interface Account {
  issuedAt: number | undefined
  /** The newest token was deleted. */
  deleted: boolean
  /** A throttle began that this grant has not run into yet. */
  throttled: boolean
  /** Token requests booked so far, by how they ended. */
  issued: number
  refused: number
}

/** Finds a reason for each token request of some grants, by what the emulator saw and what the disasters did. */
export class TokenLedger {
  readonly #emulator: Emulator
  readonly #grants: Grants
  readonly #accounts: Readonly<Record<Customer, Account>>
  readonly #counts: Record<Reason, number> = { first: 0, expiry: 0, deletion: 0, throttle: 0, needless: 0 }

  constructor(emulator: Emulator, grants: Grants) {
    this.#emulator = emulator
    this.#grants = grants
    const empty = CUSTOMERS.map((customer) => [customer, newAccount()])
    this.#accounts = Object.fromEntries(empty) as Record<Customer, Account>
    emulator.onRequest(({ kind, at, refreshToken }) => {
      if (kind !== 'token') return
      for (const customer of CUSTOMERS)
        if (ending(grants[customer].refreshToken) === ending(refreshToken)) this.#book(customer, at)
    })
  }

  /** Token requests so far, by reason. */
  get counts(): Readonly<Record<Reason, number>> {
    return this.#counts
  }

  get total(): number {
    return Object.values(this.#counts).reduce((sum, count) => sum + count, 0)
  }

  /** The live token of a customer is about to be deleted. */
  noteDeletion(customer: Customer): void {
    this.#accounts[customer].deleted = true
  }

  /** A throttle is about to begin. Each grant may find out about it once. */
  noteThrottle(): void {
    for (const customer of CUSTOMERS) this.#accounts[customer].throttled = true
  }

  #book(customer: Customer, at: number): void {
    const account = this.#accounts[customer]
    const { tokensIssued, throttled, tokenRefusals } = this.#emulator.countersOf(
      this.#grants[customer].refreshToken,
    )
    const issued = tokensIssued - account.issued
    const refused = throttled + tokenRefusals - account.refused
    account.issued += issued
    account.refused += refused
    for (let count = 0; count < refused; count++) {
      this.#counts[account.throttled ? 'throttle' : 'needless'] += 1
      account.throttled = false
    }
    for (let count = 0; count < issued; count++) {
      this.#counts[this.#reasonAt(account, at)] += 1
      account.issuedAt = at
      account.deleted = false
      account.throttled = false
    }
  }

  /**
   * A token older than Zoho's ten minutes may be replaced. The engine begins near the half of its life; a busy machine can
   * bring two requests nearer together, and two for one expiry would be next to each other.
   */
  #reasonAt({ issuedAt, deleted }: Account, at: number): Reason {
    if (issuedAt === undefined) return 'first'
    if (deleted) return 'deletion'
    return at - issuedAt >= this.#emulator.rules.tokenWindowMs ? 'expiry' : 'needless'
  }
}

/** The log masks all but the last four characters. */
function ending(token: string | undefined): string | undefined {
  return token?.slice(-4)
}

function newAccount(): Account {
  return { issuedAt: undefined, deleted: false, throttled: false, issued: 0, refused: 0 }
}
