import type { Connection } from '@zoho-auth/core'

/** The first message to a process. */
export interface Setup {
  readonly clientId: string
  readonly clientSecret: string
  readonly accountsUrl: string
  /** Limit of one request to the accounts server, in milliseconds: a lease of this process lasts a second longer. */
  readonly timeoutMs: number
}

/** Where an engine keeps its tokens and connections, and with which keys. */
export interface Space {
  readonly url: string
  /** The first one seals, all open. */
  readonly keys: readonly string[]
  /** Every token is one that is refreshed ahead. */
  readonly ahead?: boolean
}

/** What a process can do. The operations of the table are among it. */
export type Act =
  /** So many callers ask for a token at the same moment; default one. */
  | { readonly do: 'get'; readonly connection: string; readonly callers?: number }
  /** A stale token is handed out, and refreshed behind; ends with that refresh. */
  | { readonly do: 'get ahead'; readonly connection: string }
  /** Refuses the token at hand, and asks for another one. */
  | { readonly do: 'renew'; readonly connection: string }
  /** One request to an API. */
  | { readonly do: 'call'; readonly connection: string }
  | { readonly do: 'start consent'; readonly connection: string }
  | { readonly do: 'finish consent'; readonly callback: string; readonly state: string }
  /** The same, and the engine is closed as soon as Zoho was asked. */
  | { readonly do: 'finish and close'; readonly callback: string; readonly state: string }
  | { readonly do: 'exchange'; readonly connection: string; readonly code: string }
  | { readonly do: 'undo'; readonly connection: string; readonly grant: string }
  | { readonly do: 'revoke'; readonly connection: string }
  /** Those whose id begins so. */
  | { readonly do: 'revoke all'; readonly prefix: string }
  | { readonly do: 'rotate keys' }
  | { readonly do: 'put'; readonly connection: Connection }
  /** Makes the tables, where the store has any. */
  | { readonly do: 'migrate' }
  /** What a new installation does: the tables, a connection, a token. */
  | { readonly do: 'first start'; readonly connection: Connection }
  /** Closes the engines and stores of this space. */
  | { readonly do: 'leave' }

export interface Task {
  readonly id: number
  readonly space: Space
  readonly act: Act
  /**
   * Whether the steps of it are told on the output. With a step to die at, by its number from 0 or by its name, the process
   * ends itself there with SIGKILL.
   */
  readonly steps?: boolean
  readonly dieAt?: string | number | undefined
}

/** What came of it. */
export interface Outcome {
  /** Of a refusal by the library; absent where it went well. */
  readonly code?: string
  /** Callers that failed, of `get`. */
  readonly failed?: number
  /** Of `call`. */
  readonly status?: number
  /** Of `start consent`. */
  readonly url?: string
  readonly state?: string
}

export type Reply =
  | { readonly id: number; readonly outcome: Outcome; readonly ms: number }
  | { readonly id: number; readonly fault: string }

/** Lines of the output of a process that tells its steps: the operation begins, a step, the operation has ended. */
export const BEGINS = '>> begins'
export const STEP = '>> '
export const ENDS = '>> ends'

/** A warm process is told to keep its compiled code for those that start later, and says so when it has. */
export const LEARN = 'learn'
