import { randomBytes } from 'node:crypto'
import type { DataCenter } from '../data-centers.js'

/** A client's authorization request, as it reached one data centre. */
export interface AuthRequest {
  readonly dataCenter: DataCenter
  readonly query: URLSearchParams
}

/** Consent pages that may wait for an answer; one more forgets the oldest. */
const MAX_TICKETS = 1_000

const TICKET_BYTES = 32

/**
 * Consent pages that wait for their answer.
 *
 * The form of a page holds its ticket and nothing of the client's request: the answer can neither be sent twice, nor
 * by a page elsewhere, nor for another client or redirect URI than the page showed.
 */
export class Tickets {
  readonly #open = new Map<string, AuthRequest>()

  issue(request: AuthRequest): string {
    for (const oldest of this.#open.keys()) {
      if (this.#open.size < MAX_TICKETS) break
      this.#open.delete(oldest)
    }
    const ticket = randomBytes(TICKET_BYTES).toString('base64url')
    this.#open.set(ticket, request)
    return ticket
  }

  /** What the page of this ticket showed, unless it was answered. */
  find(ticket: string): AuthRequest | undefined {
    return this.#open.get(ticket)
  }

  spend(ticket: string): void {
    this.#open.delete(ticket)
  }
}
