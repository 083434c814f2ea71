import type { Counters, EmulatorOptions } from '@zoho-auth/emulator'
import { within } from './bounded.js'
import { ended, firstMessage, startProgram } from './children.js'

const START_MS = 30_000
const ANSWER_MS = 30_000

/** What Zoho has seen of one grant. */
export interface Seen {
  readonly counters: Counters
  /** The most access tokens that ten minutes have held. */
  readonly maxTokensInWindow: number
}

/** The emulator in its own process, asked over HTTP. */
export interface RemoteEmulator {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  /** A new grant, of a user of its own. */
  grant(): Promise<string>
  seen(refreshToken: string): Promise<Seen>
  /** The answers about one grant come late from now on. */
  slow(refreshToken: string, ms: number): Promise<void>
  /** Token requests of one grant are answered with `Access Denied` from now on. */
  throttle(refreshToken: string): Promise<void>
  /** The user takes the consent back. */
  revoke(refreshToken: string): Promise<void>
  close(): Promise<void>
}

/** Starts it. The emulator's own options apply. */
export async function startRemoteEmulator(options: EmulatorOptions): Promise<RemoteEmulator> {
  const child = startProgram('./emulator-process.js', [JSON.stringify(options)])
  child.stdout?.resume()
  child.stderr?.pipe(process.stderr)
  const place = (await within(START_MS, 'the emulator', firstMessage(child))) as Pick<
    RemoteEmulator,
    'url' | 'clientId' | 'clientSecret'
  >
  let users = 0

  const control = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(`${place.url}/__emulator${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
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
    async grant() {
      users += 1
      const { refreshToken } = (await control('/grants', { user: `user-${users}` })) as {
        refreshToken: string
      }
      return refreshToken
    },
    seen: async (refreshToken) => (await control('/counters-of', { refreshToken })) as Seen,
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
