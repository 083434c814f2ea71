import { createHash } from 'node:crypto'
import type { Counters, DataCenter, EmulatorOptions } from '@zoho-auth/emulator'
import { within } from '../../support/within.mjs'
import { ended, firstMessage, startProgram } from './children.js'

const START_MS = 30_000
const ANSWER_MS = 30_000

/** What Zoho has seen of one grant. */
export interface Seen {
  readonly counters: Counters
  /** The most access tokens that ten minutes have held. */
  readonly maxTokensInWindow: number
}

/** An access token that lives at Zoho now. */
interface LivingToken {
  /** Stands for its value. */
  readonly id: string
  readonly dataCenter: DataCenter
  /** In milliseconds since the epoch. */
  readonly issuedAt: number
}

/** The emulator in its own process, asked over HTTP. */
export interface RemoteEmulator {
  readonly url: string
  readonly accountsUrls: Readonly<Partial<Record<DataCenter, string>>>
  readonly clientId: string
  readonly clientSecret: string
  /** A new grant, of a user of its own; default in the first data centre, and with every scope. */
  grant(dataCenter?: DataCenter, scopes?: readonly string[]): Promise<string>
  seen(refreshToken: string): Promise<Seen>
  /** Of all grants together. */
  counters(): Promise<Counters>
  /** The living grants of a user, each by what stands for its refresh token: see {@link fingerprint}. */
  grantsOf(user: string): Promise<readonly string[]>
  /** Of all grants. */
  livingTokens(): Promise<readonly LivingToken[]>
  /** The answers about one grant come late from now on. */
  slow(refreshToken: string, ms: number): Promise<void>
  /** Token requests of one grant are answered with `Access Denied` from now on. */
  throttle(refreshToken: string): Promise<void>
  /** The user takes the consent back. */
  revoke(refreshToken: string): Promise<void>
  close(): Promise<void>
}

/** What stands for a secret in the emulator's lists: the first 12 hex digits of its SHA-256. */
export function fingerprint(secret: string): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 12)
}

/** Starts it. The emulator's own options apply. */
export async function startRemoteEmulator(options: EmulatorOptions): Promise<RemoteEmulator> {
  const child = startProgram('./emulator-process.js', [JSON.stringify(options)])
  child.stdout?.resume()
  child.stderr?.pipe(process.stderr)
  const place = (await within(START_MS, 'the emulator', firstMessage(child))) as Pick<
    RemoteEmulator,
    'url' | 'accountsUrls' | 'clientId' | 'clientSecret'
  >
  let users = 0

  const control = async (path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${place.url}/__emulator${path}`, {
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    const answer: unknown = await response.json()
    if (!response.ok) throw new Error(`the emulator answered ${path} with ${JSON.stringify(answer)}`)
    return answer
  }
  const fault = async (refreshToken: string, what: object) => {
    await control('/faults', { on: 'token', times: 'forever', refreshToken, ...what })
  }

  return {
    ...place,
    async grant(dataCenter, scopes) {
      users += 1
      const { refreshToken } = (await control('/grants', { user: `user-${users}`, dataCenter, scopes })) as {
        refreshToken: string
      }
      return refreshToken
    },
    counters: async () => (await control('/counters')) as Counters,
    async grantsOf(user) {
      const { total, grants } = (await control('/grants')) as {
        total: number
        grants: readonly { readonly id: string; readonly user: string }[]
      }
      if (total > grants.length) throw new Error(`the emulator lists ${grants.length} of ${total} grants`)
      return grants.filter((grant) => grant.user === user).map(({ id }) => id)
    },
    seen: async (refreshToken) => (await control('/counters-of', { refreshToken })) as Seen,
    async livingTokens() {
      const { tokens } = (await control('/tokens')) as { tokens: readonly LivingToken[] }
      return tokens
    },
    slow: (refreshToken, ms) => fault(refreshToken, { kind: 'latency', ms }),
    throttle: (refreshToken) => fault(refreshToken, { kind: 'throttle' }),
    async revoke(refreshToken) {
      await control('/revoke-grant', { refreshToken })
    },
    async close() {
      child.kill()
      await ended(child)
    },
  }
}
