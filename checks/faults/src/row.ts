import type { ZohoAuthErrorCode } from '@zoho-auth/core'
import type { Fault } from './fault.js'

export type Code = ZohoAuthErrorCode

/** One fault, and the errors that fit it. */
export interface FaultRow {
  readonly name: string
  readonly fault: Fault
  /** Codes that say what happened. None: the call must go well. */
  readonly codes: readonly Code[]
  /** It is met on connections that are open already, where there are any. */
  readonly keep?: true
  /** Nothing whatever gets through. */
  readonly out?: true
  /** The server said so itself, untruly: what was asked for is not there, and the library cannot know. */
  readonly lies?: true
}

/** Faults of one kind: one line of the report. */
export interface Family {
  readonly name: string
  readonly rows: readonly FaultRow[]
}
