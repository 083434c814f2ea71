import { isZohoAuthError } from '@zoho-auth/core'
import { causeOf, masked } from '../failure.js'

/** One thing that was looked at. */
export interface Finding {
  readonly check: string
  /** `skipped`: not looked at, and why. */
  readonly state: 'ok' | 'fault' | 'skipped'
  readonly detail: string
  /** What to do about it. */
  readonly fix?: string
  /** The code of the library, if an app would get one. */
  readonly code?: string
  readonly connection?: string
}

export function ok(check: string, detail: string): Finding {
  return { check, state: 'ok', detail }
}

export function skipped(check: string, detail: string): Finding {
  return { check, state: 'skipped', detail }
}

export function fault(check: string, detail: string, fix: string, code?: string): Finding {
  return { check, state: 'fault', detail: masked(detail), fix: masked(fix), ...(code && { code }) }
}

/** What was thrown, as a finding. What is no error of the library is a fault of the store it came from. */
export function thrownFault(check: string, thrown: unknown, fix?: string): Finding {
  if (isZohoAuthError(thrown)) {
    const cause = causeOf(thrown)
    const detail = cause === undefined ? thrown.message : `${thrown.message}: ${cause}`
    return fault(check, detail, fix ?? thrown.action, thrown.code)
  }
  return fault(
    check,
    causeOf({ cause: thrown }) ?? 'unknown fault',
    fix ?? 'Look at the store.',
    'ERR_ZOHO_STORE',
  )
}
