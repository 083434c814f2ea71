import type { ZohoAuthOptions } from '@zoho-auth/core'

/** Where one engine of a worker keeps its tokens and finds its connections, as `ZOHO_AUTH_STORE` would say it. */
export interface EngineStores {
  readonly tokens: string
  readonly connections: string
}

/** The first message to a worker. */
export interface WorkerConfig {
  readonly options: Pick<
    ZohoAuthOptions,
    'clientId' | 'clientSecret' | 'accountsUrl' | 'encryptionKeys' | 'timeoutMs' | 'expiry' | 'budget'
  >
  /** Made at their first use. */
  readonly engines: Readonly<Record<string, EngineStores>>
}

/** What a worker does. An engine is named; instants are wall time, which processes of one machine share. */
export type Command =
  /** So many callers ask for a token at the same moment. */
  | {
      readonly do: 'get'
      readonly engine: string
      readonly connection: string
      readonly callers: number
      readonly at?: number
    }
  /** Refuses the token at hand, and asks for another one. */
  | { readonly do: 'renew'; readonly engine: string; readonly connection: string }
  /** One request to a product API; default CRM. */
  | { readonly do: 'call'; readonly engine: string; readonly connection: string; readonly path?: string }
  | { readonly do: 'status'; readonly engine: string; readonly connection: string }
  /** Asks for tokens all the time until `rest`, one caller per connection and `everyMs` milliseconds. */
  | {
      readonly do: 'load'
      readonly engine: string
      readonly connections: readonly string[]
      readonly everyMs: number
    }
  | { readonly do: 'rest' }
  /** The first half of a consent: where the user's browser has to go. */
  | { readonly do: 'start-consent'; readonly engine: string; readonly connection: string }
  /** The second half: the browser came back with this callback. */
  | {
      readonly do: 'finish-consent'
      readonly engine: string
      readonly callback: string
      readonly state: string
    }
  | { readonly do: 'revoke'; readonly engine: string; readonly connection: string }
  /** Calls an API with each connection all the time, every `everyMs` milliseconds, until `uses` ends it. */
  | {
      readonly do: 'use'
      readonly engine: string
      readonly connections: readonly string[]
      readonly everyMs: number
    }
  /** What became of these calls so far; with `end` they stop before. */
  | { readonly do: 'uses'; readonly end?: boolean }
  /** Closes an engine, as a process does that is told to stop; the next command that names it makes another one. */
  | { readonly do: 'close'; readonly engine: string }
  /** Asks the token store itself for a turn, for each key once, all at the same moment. */
  | { readonly do: 'acquire'; readonly engine: string; readonly keys: readonly string[]; readonly at: number }

/** What became of calls for a token. */
export interface Gets {
  readonly served: number
  /** How many failed, by code. */
  readonly failed: Readonly<Record<string, number>>
  /** The different values handed out, the newest last; counted, compared and looked for where they must not be. */
  readonly tokens: readonly string[]
  /** Of the newest, in milliseconds since the epoch. */
  readonly expiresAt: number
  /** The longest wait of a caller, in milliseconds. */
  readonly longestMs: number
}

/** What became of calls of an API. */
export interface Uses {
  readonly served: number
  /** How many failed, by code or status. */
  readonly failed: Readonly<Record<string, number>>
  /** When the last call was answered well, in milliseconds since the epoch; 0: none was. */
  readonly lastServedAt: number
}

/** How something ended that the library may refuse. */
export interface Outcome {
  /** Of the refusal; absent if it went well. */
  readonly code?: string
  readonly retryAfterMs?: number
}

/** The answer to each command. */
export interface Results {
  readonly get: Gets
  readonly renew: Gets
  readonly call: { readonly status: number }
  readonly status: { readonly state: string; readonly budgetLeft: number }
  readonly load: Record<string, never>
  /** By connection. */
  readonly rest: Readonly<Record<string, Gets>>
  /** Neither URL nor state where it was refused. */
  readonly 'start-consent': Outcome & { readonly url?: string; readonly state?: string }
  readonly 'finish-consent': Outcome
  readonly revoke: Outcome
  readonly close: Record<string, never>
  readonly use: Record<string, never>
  /** By connection. */
  readonly uses: Readonly<Record<string, Uses>>
  /** The kinds of turns, in the order of the keys. */
  readonly acquire: readonly string[]
}

/** A command on its way, and what comes back. */
export interface Request {
  readonly id: number
  readonly command: Command
}
export type Reply =
  | { readonly id: number; readonly result: Results[keyof Results] }
  | { readonly id: number; readonly fault: string }
