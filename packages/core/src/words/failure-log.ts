import { BoundedMap } from './bounded-map.js'
import type { Clock } from './clock.js'
import { describeFault, isZohoAuthError, ZohoAuthError, type ZohoAuthErrorCode } from './errors.js'
import type { Events } from './events.js'
import type { Logger } from './logger.js'

/**
 * Lines of failures within {@link LINES_WINDOW_MS}, a hundred in ten minutes: if everything fails at once, more would
 * drown what else an app has to say.
 */
const MAX_LINES = 100
const LINES_WINDOW_MS = 600_000

/** Most connections whose failures are remembered; beyond it the oldest is forgotten. */
const MAX_CONNECTIONS = 10_000

/** Most failures of one connection that are told apart. */
const MAX_CAUSES = 8

/** Longest cause that is printed, in characters. */
const MAX_CAUSE_LENGTH = 300

/** How many errors of ours are looked through for the one that they tell of. */
const MAX_DEPTH = 4

/** Where the failure of the token store is remembered, which is everybody's. No connection is called so. */
const TOKEN_STORE = 'the token store'

/** Mistakes of a visitor or of a race, which no operator can help. */
const NOT_FOR_OPERATORS: ReadonlySet<ZohoAuthErrorCode> = new Set(['ERR_ZOHO_STATE', 'ERR_ZOHO_CONFLICT'])

/** One code and cause of one connection. */
interface Failure {
  readonly code: ZohoAuthErrorCode
  readonly message: string
  /** How often it came since it was said. */
  times: number
  /** Nothing has worked since. */
  open: boolean
}

/**
 * Tells an operator what fails, whoever answers for it: error handlers turn failures into problem bodies for strangers, and
 * callers may swallow them.
 *
 * A failure is a line of `logger.warn` once per connection, code and cause, with what to do and when it is tried again;
 * then it is counted. It ends with a token, and is said again when it comes back. What else happens is a line of
 * `logger.debug`.
 *
 * Not promised: a line each if more than {@link MAX_LINES} fail at once; one line says that there are more.
 */
export class FailureLog {
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #stopping: AbortSignal
  readonly #mask: (text: string) => string
  /** By connection, then by code and cause. */
  readonly #failures = new BoundedMap<string, Map<string, Failure>>(MAX_CONNECTIONS)
  /** Callers share errors. */
  readonly #seen = new WeakSet<ZohoAuthError>()
  #lines = 0
  #linesSince = Number.NEGATIVE_INFINITY

  /**
   * @param stopping Aborted when the engine begins to close: what ends with it is no failure.
   * @param mask Takes secrets out of a cause, which is what others say.
   */
  constructor(
    events: Events,
    logger: Logger,
    clock: Clock,
    stopping: AbortSignal,
    mask: (text: string) => string,
  ) {
    this.#logger = logger
    this.#clock = clock
    this.#stopping = stopping
    this.#mask = mask
    this.#hear(events)
  }

  /** Says what a call ends with, if it is a failure. */
  watch<T>(call: Promise<T>): Promise<T> {
    call.catch((error: unknown) => this.failed(error))
    return call
  }

  /** Somebody gets an error, or would have. Errors that are not of this library are not ours to tell. */
  failed(thrown: unknown): void {
    if (!isZohoAuthError(thrown) || this.#stopping.aborted || this.#seen.has(thrown)) return
    this.#seen.add(thrown)
    const error = rootOf(thrown)
    if (error !== thrown) this.failed(error)
    else if (NOT_FOR_OPERATORS.has(error.code)) this.#debug(() => this.#lineOf(error))
    else this.#tell(error.connection ?? '', error)
  }

  /** A connection has a token, so that whatever failed before is over. */
  ended(connection: string): void {
    for (const failure of this.#failures.get(connection)?.values() ?? []) {
      if (!failure.open) continue
      failure.open = false
      this.#debug(() => `${whose(connection)} works again: ${failure.code} ${came(failure)}`)
    }
  }

  /** @returns Whether it was said: it is new. */
  #tell(connection: string, error: ZohoAuthError): boolean {
    const known = this.#knownAs(connection, error)
    if (known?.open) {
      known.times += 1
      return false
    }
    if (!this.#mayWarn()) {
      this.#debug(() => this.#lineOf(error))
      return true
    }
    const before = known && ` The last time ${known.code} ${came(known)}.`
    this.#remember(connection, error)
    this.#warn(this.#lineOf(error) + (before ?? ''))
    return true
  }

  /** An error that names no cause, such as one that another process met, is the one of its kind that is known already. */
  #knownAs(connection: string, error: ZohoAuthError): Failure | undefined {
    const down = error.code === 'ERR_ZOHO_STORE' ? this.#failures.get(TOKEN_STORE) : undefined
    for (const failure of down?.values() ?? []) if (failure.open) return failure
    const failures = this.#failures.get(connection)
    if (failures === undefined) return undefined
    const open = [...failures.values()].filter((failure) => failure.open)
    if (error.cause === undefined) {
      const same = open.find(({ code, message }) => code === error.code && message === error.message)
      if (same) return same
    }
    const known = failures.get(keyOf(error))
    return known ?? (open.length >= MAX_CAUSES ? open[0] : undefined)
  }

  #remember(connection: string, error: ZohoAuthError): void {
    const failures = this.#failures.get(connection) ?? new Map<string, Failure>()
    // Set anew, so that the oldest comes first.
    this.#failures.delete(connection)
    this.#failures.set(connection, failures)
    for (const [key, { open }] of failures) {
      if (failures.size < MAX_CAUSES) break
      if (!open) failures.delete(key)
    }
    failures.set(keyOf(error), { code: error.code, message: error.message, times: 1, open: true })
  }

  /** Whether there is room for one more line; if it is the first that has none, this is said instead. */
  #mayWarn(): boolean {
    const now = this.#clock.now()
    if (now - this.#linesSince >= LINES_WINDOW_MS) {
      this.#linesSince = now
      this.#lines = 0
    }
    this.#lines += 1
    if (this.#lines === MAX_LINES + 1)
      this.#warn(
        `more than ${MAX_LINES} failures within ${LINES_WINDOW_MS / 60_000} minutes: the others are told by logger.debug and by events`,
      )
    return this.#lines <= MAX_LINES
  }

  #hear(events: Events): void {
    events.on('token.refresh_failed', ({ connection, code, detail, action, retryAfterMs }) => {
      const cause = new Error(detail)
      const error = new ZohoAuthError(code, { connection, action, retryAfterMs, cause })
      if (!this.#tell(connection, error)) this.#debug(() => `again, ${this.#lineOf(error)}`)
    })
    events.on('store.degraded', ({ detail }) => {
      const error = new ZohoAuthError('ERR_ZOHO_STORE', { cause: new Error(detail) })
      if (!this.#tell(TOKEN_STORE, error)) this.#debug(() => `again, ${this.#lineOf(error)}`)
    })
    events.on('store.recovered', ({ downMs }) => {
      this.#debug(() => `the token store answers again, after ${seconds(downMs)}`)
      this.ended(TOKEN_STORE)
    })
    events.on('token.refreshed', ({ connection, durationMs, generation, expiresAt, used }) => {
      const life = () => seconds(expiresAt - this.#clock.now())
      const spent = used === undefined ? '' : `, ${used} in this window`
      this.#debug(
        () =>
          `${whose(connection)}: refreshed in ${Math.round(durationMs)} ms; generation ${generation}, good for ${life()}${spent}`,
      )
      this.ended(connection)
    })
    events.on('connection.created', ({ connection, dataCenter }) => {
      this.#debug(() => `${whose(connection)}: connected, in data centre "${dataCenter}"`)
      this.ended(connection)
    })
    events.on('connection.revoked', ({ connection }) => {
      this.#debug(() => `${whose(connection)}: revoked`)
    })
    events.on('connection.consent_required', ({ connection }) => {
      this.#debug(() => `${whose(connection)}: left alone until it has a new refresh token`)
    })
    events.on('refresh.throttled', ({ connection, reason, retryAfterMs }) => {
      this.#debug(() => `${whose(connection)}: nothing is sent for ${seconds(retryAfterMs)} (${reason})`)
    })
    events.on('refresh.queued', ({ connection, before, underWay }) => {
      this.#debug(() => `${whose(connection)}: ${before} refreshes go before it, ${underWay} are under way`)
    })
    events.on('budget.low', ({ connection, used, limit }) => {
      this.#debug(() => `${whose(connection)}: ${used} of ${limit} tokens of this window are spent`)
    })
    events.on('token.rejected', ({ connection, origin, outcome, hint }) => {
      const then = outcome === 'replay' ? 'the request is sent again' : `its answer is handed on: ${hint}`
      this.#debug(() => `${whose(connection)}: ${origin} refused the token; ${then}`)
    })
    events.on('scope.missing', ({ connection, origin, status }) => {
      this.#debug(() => `${whose(connection)}: ${origin} answered ${status}, the grant lacks a scope`)
    })
  }

  #lineOf(error: ZohoAuthError): string {
    return this.#mask(lineOf(error))
  }

  #warn(line: string): void {
    unharmed(() => this.#logger.warn(line))
  }

  #debug(line: () => string): void {
    if (this.#logger.debug !== undefined) unharmed(() => this.#logger.debug?.(line()))
  }
}

/** A logger that throws disturbs no work. */
function unharmed(log: () => void): void {
  try {
    log()
  } catch (error) {
    process.emitWarning(`the logger threw: ${describeFault(error).message}`, 'ZohoAuthWarning')
  }
}

/** The error that another one is about, such as that of the pause which a caller waited for in vain. */
function rootOf(error: ZohoAuthError): ZohoAuthError {
  let root = error
  for (let depth = 0; depth < MAX_DEPTH && isZohoAuthError(root.cause); depth++) root = root.cause
  return root
}

const keyOf = (error: ZohoAuthError): string => `${error.code} ${error.message} ${causeOf(error)}`

/** On one line. */
function causeOf({ cause }: ZohoAuthError): string {
  if (cause === undefined) return ''
  return describeFault(cause)
    .message.replace(/\p{Cc}+/gu, ' ')
    .slice(0, MAX_CAUSE_LENGTH)
}

/** What an operator needs: whose, what, what to do, why, and when it is tried again. */
function lineOf(error: ZohoAuthError): string {
  const { code, connection, message, action, retryable, retryAfterMs } = error
  const cause = causeOf(error)
  const again =
    retryAfterMs !== undefined
      ? ` Next attempt in ${seconds(retryAfterMs)}.`
      : retryable
        ? ' Next attempt: with the next call.'
        : ''
  return (
    `${code}${connection === undefined ? '' : ` for ${whose(connection)}`}: ${message}. ${action}` +
    `${cause === '' ? '' : ` Cause: ${cause}.`}${again}`
  )
}

const whose = (connection: string): string =>
  connection === TOKEN_STORE ? TOKEN_STORE : `connection "${connection}"`

const came = ({ times }: Failure): string => `came ${times === 1 ? 'once' : `${times} times`} before it ended`

const seconds = (ms: number): string => `${Math.ceil(Math.max(0, ms) / 1_000)} s`
