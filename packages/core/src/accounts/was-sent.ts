import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/**
 * Codes of faults that come before the first byte of a request is sent: no name, no route, no socket, no TLS (Node's
 * documentation, "X509 certificate error codes"; an alert of the other side in the handshake is `EPROTO` or `ERR_SSL_…`).
 */
const BEFORE_SENDING =
  /^(ENOTFOUND|EAI_|ECONNREFUSED|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|EMFILE|ENFILE|EPROTO|CERT_|CRL_|ERR_TLS_|ERR_SSL_|ERROR_IN_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|HOSTNAME_MISMATCH|UND_ERR_CONNECT_TIMEOUT)/

/** What the operating system was asked for when it failed: then no request was sent yet. */
const OPENING: ReadonlySet<unknown> = new Set(['connect', 'getaddrinfo', 'socket'])

/** A handshake that broke off has the code of any other broken connection; Node tells it in words alone. */
const HANDSHAKE = /before secure TLS connection was established/

/**
 * Faults of opening a connection, its TLS handshake included, while a request is under way: one that was reset there looks
 * like any other that was reset. Node's own `fetch` tells them apart on a channel (undici, "Diagnostics Channel Support").
 */
export class FailedOpenings {
  readonly #faults = new WeakSet<object>()
  readonly #onFault = (message: unknown): void => {
    const { error } = message as { error?: unknown }
    if (typeof error === 'object' && error !== null) this.#faults.add(error)
  }

  constructor() {
    subscribe(OPENING_FAILED, this.#onFault)
  }

  has(fault: object): boolean {
    return this.#faults.has(fault)
  }

  close(): void {
    unsubscribe(OPENING_FAILED, this.#onFault)
  }
}

const OPENING_FAILED = 'undici:client:connectError'

/** Whether Zoho may have seen the request. In doubt, yes: the attempt then stays counted. */
export function wasSent(error: unknown, opening: FailedOpenings): boolean {
  let current = error
  for (let depth = 0; depth < DEEPEST_CAUSE && typeof current === 'object' && current !== null; depth++) {
    if (opening.has(current)) return false
    const { code, syscall, message, errors, cause } = current as Readonly<Record<string, unknown>>
    if (typeof code === 'string' && BEFORE_SENDING.test(code)) return false
    if (OPENING.has(syscall) || (typeof message === 'string' && HANDSHAKE.test(message))) return false
    // Several addresses tried at once: all of them failed before sending, or one of them did not.
    if (Array.isArray(errors) && errors.length > 0) return errors.some((one) => wasSent(one, opening))
    current = cause
  }
  return true
}

/** How many causes are followed. */
const DEEPEST_CAUSE = 4
