import { createHash } from 'node:crypto'
import type { Commands } from './client.js'

/** One operation on one key, as a Lua script that Redis runs atomically. Answers with a list of texts. */
export class Script {
  readonly #source: string
  readonly #digest: string

  constructor(source: string) {
    this.#source = source
    this.#digest = createHash('sha1').update(source).digest('hex')
  }

  /**
   * One round trip; two if the server does not know the script yet, or no more (restart, failover, SCRIPT FLUSH).
   *
   * @throws RedisFault
   */
  async run(commands: Commands, key: string, args: readonly string[]): Promise<readonly string[]> {
    try {
      return texts(await commands.send(['EVALSHA', this.#digest, '1', key, ...args], key))
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
      return texts(await commands.send(['EVAL', this.#source, '1', key, ...args], key))
    }
  }
}

function texts(answer: unknown): readonly string[] {
  if (!Array.isArray(answer)) throw new Error('Redis gave an answer that is not a list')
  return answer.map(textOf)
}

/** Clients can be set to give buffers. */
export function textOf(answer: unknown): string {
  return typeof answer === 'string' ? answer : Buffer.from(answer as Uint8Array).toString('utf8')
}

/** A duration or an instant as a script takes it: whole, not negative, and exact in a double. */
export function whole(name: string, value: number): string {
  if (Number.isNaN(value)) throw new TypeError(`${name} must be a number`)
  return String(Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, Math.ceil(value))))
}
