import { isZohoAuthError } from '@zoho-auth/core'
import { within } from '../../support/within.mjs'
import type { Code } from './row.js'

/** The end of every call, in milliseconds: far above all limits that the library has here. Beyond it, it hangs. */
export const HANG_MS = 40_000

/** How a call ended. `other`: with something that is no error of the library. */
type Outcome =
  | { readonly kind: 'well' }
  | { readonly kind: 'failed'; readonly code: Code; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'other'; readonly thrown: unknown }
  | { readonly kind: 'hang' }

/** One call, and what is wrong with how it ended, whatever the fault. */
export interface Call {
  readonly what: string
  readonly outcome: Outcome
  /** It has to go well: no fault of a server may disturb it. */
  readonly must: boolean
  /** What it gave is not what it should be. */
  readonly wrong?: string | undefined
}

const HUNG = Symbol('hung')

/**
 * Makes a call and waits for its end.
 *
 * @param proof What is wrong with what it gave.
 */
export async function call<T>(
  what: string,
  work: () => Promise<T>,
  proof: (value: T) => string | undefined | Promise<string | undefined> = () => undefined,
  must = false,
): Promise<Call> {
  const hangs = new Promise<typeof HUNG>((resolve) => {
    setTimeout(() => resolve(HUNG), HANG_MS).unref()
  })
  try {
    const value = await Promise.race([work(), hangs])
    if (value === HUNG) return { what, must, outcome: { kind: 'hang' } }
    return { what, must, outcome: { kind: 'well' }, wrong: await proof(value) }
  } catch (thrown) {
    const outcome: Outcome = isZohoAuthError(thrown)
      ? { kind: 'failed', code: thrown.code, retryAfterMs: thrown.retryAfterMs }
      : { kind: 'other', thrown }
    return { what, must, outcome }
  }
}

/** A call that has to go well whatever is broken. */
export function mustCall<T>(
  what: string,
  work: () => Promise<T>,
  proof?: (value: T) => string | undefined | Promise<string | undefined>,
): Promise<Call> {
  return call(what, work, proof, true)
}

/** A step of the case itself, which no fault touches. */
export function step<T>(what: string, work: Promise<T>): Promise<T> {
  return within(HANG_MS, what, work)
}
