/** Every code of this library. Each has a heading in `docs/errors.md`. */
export type ZohoAuthErrorCode =
  | 'ERR_ZOHO_CONFIG'
  | 'ERR_ZOHO_NO_CONNECTION'
  | 'ERR_ZOHO_CONSENT_REQUIRED'
  | 'ERR_ZOHO_REVOKED'
  | 'ERR_ZOHO_SCOPE'
  | 'ERR_ZOHO_THROTTLED'
  | 'ERR_ZOHO_UNAVAILABLE'
  | 'ERR_ZOHO_STORE'
  | 'ERR_ZOHO_TIMEOUT'
  | 'ERR_ZOHO_BAD_RESPONSE'
  | 'ERR_ZOHO_STATE'
  | 'ERR_ZOHO_CONFLICT'
  | 'ERR_ZOHO_CLIENT'
  | 'ERR_ZOHO_HOST_DENIED'

interface Kind {
  /** The HTTP status an app may answer its own user with. Never 401: that would log the app's user out. */
  readonly statusCode?: number
  readonly retryable: boolean
  /** Fit for strangers: frameworks print it. */
  readonly message: string
  /** For the operator. */
  readonly action: string
}

const KINDS: Readonly<Record<ZohoAuthErrorCode, Kind>> = Object.freeze({
  ERR_ZOHO_CONFIG: {
    retryable: false,
    message: 'zoho-auth is not configured correctly',
    action: 'Correct the options named in the message.',
  },
  ERR_ZOHO_NO_CONNECTION: {
    statusCode: 409,
    retryable: false,
    message: 'No Zoho connection was chosen for this call, or it does not exist',
    action: 'Name the connection in the call, enter withConnection(), or connect this Zoho user first.',
  },
  ERR_ZOHO_CONSENT_REQUIRED: {
    statusCode: 409,
    retryable: false,
    message: 'Zoho has to be connected again',
    action:
      'Zoho refuses the refresh token: it was revoked, pushed out by the limit of 20 per user, or belongs to another data centre or client. Ask the Zoho user for consent again and store the new refresh token.',
  },
  ERR_ZOHO_REVOKED: {
    statusCode: 409,
    retryable: false,
    message: 'This Zoho connection was disconnected',
    action: 'The connection was revoked on purpose. Connect the Zoho user again to use it.',
  },
  ERR_ZOHO_SCOPE: {
    statusCode: 403,
    retryable: false,
    message: 'The Zoho connection does not allow this',
    action: 'Ask for consent again with the missing scope; a refresh token cannot gain scopes.',
  },
  ERR_ZOHO_THROTTLED: {
    statusCode: 503,
    retryable: true,
    message: 'Zoho limits how many tokens may be made; try again later',
    action:
      'Wait for retryAfterMs. If it happens often, something else uses the same refresh token, or several processes share no token store (ZOHO_AUTH_STORE, { tokens }).',
  },
  ERR_ZOHO_UNAVAILABLE: {
    statusCode: 503,
    retryable: true,
    message: 'Zoho cannot be reached at the moment',
    action:
      "Zoho's accounts server failed or could not be reached; the next attempt is made by itself. See cause.",
  },
  ERR_ZOHO_STORE: {
    statusCode: 503,
    retryable: true,
    message: 'The token store cannot be reached at the moment',
    action: 'Bring the store back; usable tokens in memory are served meanwhile. See cause.',
  },
  ERR_ZOHO_TIMEOUT: {
    statusCode: 504,
    retryable: true,
    message: 'Zoho did not answer in time',
    action: "Zoho's accounts server took longer than timeoutMs. The next attempt is made by itself.",
  },
  ERR_ZOHO_BAD_RESPONSE: {
    statusCode: 502,
    retryable: true,
    message: 'Zoho gave an answer that makes no sense',
    action: 'The answer was not stored. See cause for what was wrong with it.',
  },
  ERR_ZOHO_STATE: {
    statusCode: 400,
    retryable: false,
    message: 'This sign-in link does not belong to this session; start again',
    action: 'The callback did not match what was started. Start the connection again.',
  },
  ERR_ZOHO_CONFLICT: {
    statusCode: 409,
    retryable: true,
    message: 'The connection was changed by someone else meanwhile',
    action: 'Read the connection again and repeat the change.',
  },
  ERR_ZOHO_CLIENT: {
    retryable: false,
    message: 'Zoho refuses this client',
    action: 'Check the client id, the client secret and the data centre.',
  },
  ERR_ZOHO_HOST_DENIED: {
    retryable: false,
    message: 'This URL is not a Zoho host of the connection, so no token is sent there',
    action: "Use a host of the connection's data centre, or add the origin to allowedOrigins.",
  },
})

const HELP = 'https://github.com/zoho-auth/zoho-auth/blob/main/docs/errors.md'
const BRAND: unique symbol = Symbol.for('zoho-auth.error') as never

/** What one occurrence adds to its code. */
export interface ZohoAuthErrorDetails {
  /** Replaces the message of the code. Must be fit for strangers if the code carries a status. */
  readonly message?: string | undefined
  readonly action?: string | undefined
  readonly connection?: string | undefined
  readonly retryAfterMs?: number | undefined
  /** What is wrong with a configuration, one by one. */
  readonly faults?: readonly string[] | undefined
  readonly cause?: unknown
}

/**
 * The one error class of this library. Tell errors apart by `code`, and recognise them with {@link isZohoAuthError} or
 * `instanceof`, which know those of another copy of this package too: each entry point brings its own.
 *
 * No field holds a token or a secret.
 */
export class ZohoAuthError extends Error {
  override readonly name = 'ZohoAuthError'
  readonly code: ZohoAuthErrorCode
  /** The HTTP status to answer an app's own user with; absent if only a bare 500 is right. */
  declare readonly statusCode?: number
  /** The same, under the name that Express and Nest 12 look for. */
  declare readonly status?: number
  /** `true` if there is a status: the message is fit for strangers (the convention of `http-errors`). */
  declare readonly expose?: boolean
  /** Headers for that answer: `Retry-After`, in seconds, if a time is known. */
  declare readonly headers?: Readonly<Record<string, string>>
  /** Whether the same call can succeed later without anyone doing anything. */
  readonly retryable: boolean
  /** When to try again, in milliseconds from now, if known. */
  declare readonly retryAfterMs?: number
  /** What the operator should do. Not for strangers. */
  readonly action: string
  /** A link to the heading of this code. */
  readonly help: string
  declare readonly connection?: string
  /** Of `ERR_ZOHO_CONFIG`: each fault, with the option and the fix. The message lists them too. */
  declare readonly faults?: readonly string[]

  constructor(code: ZohoAuthErrorCode, details: ZohoAuthErrorDetails = {}) {
    const kind = KINDS[code]
    super(details.message ?? kind.message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.retryable = kind.retryable
    this.action = details.action ?? kind.action
    this.help = `${HELP}#${code.toLowerCase()}`
    if (kind.statusCode !== undefined) {
      this.statusCode = kind.statusCode
      this.status = kind.statusCode
      this.expose = true
    }
    if (details.connection !== undefined) this.connection = details.connection
    if (details.faults !== undefined) this.faults = details.faults
    if (details.retryAfterMs !== undefined) {
      this.retryAfterMs = Math.max(0, Math.ceil(details.retryAfterMs))
      this.headers = { 'Retry-After': String(Math.max(1, Math.ceil(this.retryAfterMs / 1000))) }
    }
    Object.defineProperty(this, BRAND, { value: true })
  }

  static override [Symbol.hasInstance](thrown: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a subclass inherits this, and knows its own alone
    return this === ZohoAuthError ? isZohoAuthError(thrown) : super[Symbol.hasInstance](thrown)
  }

  toJSON(): Record<string, unknown> {
    const { name, code, message, statusCode, retryable, retryAfterMs, action, help, connection } = this
    return { name, code, message, statusCode, retryable, retryAfterMs, action, help, connection }
  }
}

/** One `ERR_ZOHO_CONFIG` for all faults of a configuration. */
export function configError(faults: readonly string[]): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_CONFIG', {
    message: ['zoho-auth is not configured correctly:', ...faults].join('\n  - '),
    faults,
  })
}

/** Whether something thrown is an error of this library, from whichever copy of it. */
export function isZohoAuthError(thrown: unknown): thrown is ZohoAuthError {
  return typeof thrown === 'object' && thrown !== null && (thrown as Record<symbol, unknown>)[BRAND] === true
}

/** The code of something thrown; `unknown` if it is no error of this library. */
export function codeOf(thrown: unknown): ZohoAuthErrorCode | 'unknown' {
  return isZohoAuthError(thrown) ? thrown.code : 'unknown'
}

/**
 * The part of a network error that is safe and useful to keep: its message, its code and those of its causes. One that
 * has neither message nor code is told by its name, such as `TimeoutError`.
 *
 * @param mask Takes secrets out of what others say: see `secrets.ts`.
 */
export function describeFault(thrown: unknown, mask: (text: string) => string = plain): Error {
  const parts: string[] = []
  let current: unknown = thrown
  for (let depth = 0; depth < DEEPEST_CAUSE && typeof current === 'object' && current !== null; depth++) {
    const { message, code, cause } = current as { message?: unknown; code?: unknown; cause?: unknown }
    const text = typeof message === 'string' && message !== '' ? message : undefined
    const part = [text, typeof code === 'string' ? `(${code})` : undefined].filter(Boolean).join(' ')
    const told = part === '' ? faultName(current) : part
    if (told !== undefined) parts.push(told)
    current = cause
  }
  return new Error(mask(parts.join(': ')) || 'unknown fault')
}

const plain = (text: string): string => text

/** What an error is called, if that says more than "Error". Drivers leave `name` as it was: their class tells then. */
export function faultName(thrown: unknown): string | undefined {
  const fault = Object(thrown) as { name?: unknown; constructor?: { name?: unknown } }
  const told = fault.name === PLAIN ? fault.constructor?.name : fault.name
  return typeof told === 'string' && told !== '' && told !== PLAIN ? told : undefined
}

const PLAIN = 'Error'

/** How many causes are followed; a longer chain is cut. */
const DEEPEST_CAUSE = 4
