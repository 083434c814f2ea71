import { isZohoAuthError, ZohoAuthError } from '@zoho-auth/core'
import type { ExitCode } from './exit-code.js'

/** An error as it is shown: always a code, a message and an action. */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly action: string
  readonly connection?: string
  readonly retryAfterMs?: number
  /** The fault behind it. */
  readonly cause?: string
  readonly help?: string
}

/** Wrong use of a command: exit code 2. */
export function usage(message: string, action: string): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_CONFIG', { message, action })
}

/** What a store threw, in the words of core. */
export function storeFault(thrown: unknown): ZohoAuthError {
  if (isZohoAuthError(thrown)) return thrown
  return new ZohoAuthError('ERR_ZOHO_STORE', {
    message: 'The store cannot be read or written',
    action: 'Bring the store back, or correct ZOHO_AUTH_STORE; zoho-auth doctor looks closer.',
    cause: thrown,
  })
}

/** @returns How a thrown thing is shown, and `undefined` for one that nobody expected: a bug. */
export function failureOf(thrown: unknown): Failure | undefined {
  if (!isZohoAuthError(thrown)) return undefined
  const { code, message, action, connection, retryAfterMs, help } = thrown
  const cause = causeOf(thrown)
  return {
    code,
    message: masked(message),
    action: thrown.faults?.some(lacksClient) ? FIRST_STEP : masked(action),
    ...(connection === undefined ? {} : { connection }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(cause === undefined ? {} : { cause }),
    help,
  }
}

const lacksClient = (fault: string): boolean => fault.startsWith('clientId is missing')

const FIRST_STEP =
  'Begin with zoho-auth login, which asks for client id and secret and connects a Zoho user (--write-env keeps them); or set the variables.'

export function exitCodeOf(failure: Failure): ExitCode {
  return failure.code === 'ERR_ZOHO_CONFIG' ? 2 : 1
}

/** The message of what is behind an error; a database that refuses has one for each address it was tried at. */
export function causeOf(thrown: { readonly cause?: unknown }): string | undefined {
  const { cause } = thrown
  if (!(cause instanceof Error)) return undefined
  const first = cause.message === '' && cause instanceof AggregateError ? cause.errors[0] : cause
  const { message, code } = first as NodeJS.ErrnoException
  return masked(message || code || cause.name)
}

/** Names of variables whose values are never shown, wherever they may have got into. */
const SECRET = /^ZOHO_(CLIENT_SECRET|REFRESH_TOKEN|AUTH_KEYS)/

/** Shorter values are no secrets, and would black out half of the text. */
const SHORTEST_SECRET = 8

/** The same text without the values of secret variables: the last of several guards, for what others put into messages. */
export function masked(text: string): string {
  let shown = text
  for (const [name, value = ''] of Object.entries(process.env)) {
    if (!SECRET.test(name) || name.endsWith('_FILE')) continue
    for (const secret of value.split(','))
      if (secret.length >= SHORTEST_SECRET) shown = shown.replaceAll(secret, '***')
  }
  return shown
}
