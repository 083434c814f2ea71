import { setTimeout as sleep } from 'node:timers/promises'

/** Requests of one visitor at the same time, and the pause after each, in milliseconds. */
const AT_ONCE = 2
const PAUSE_MS = 50
/** Longer than anything that ends well, in milliseconds. */
const ANSWER_MS = 30_000

/** Somebody who is signed in, and asks one process for candidates all the time. */
export class Visitor {
  readonly #origin: string
  readonly #cookie: string
  #leaving = false
  #here: Promise<unknown> | undefined
  /** The process is known to be down: requests that are under way in this time are not counted. */
  down = false
  served = 0
  /** How many requests failed, by what became of them. */
  readonly failed: Record<string, number> = {}
  /** How many were told that the connection is disconnected, by a problem body. */
  told = 0
  /** Served after that. */
  servedInVain = 0
  /** Whose token Zoho saw, and in which data centre. */
  readonly seenAs: Set<string> = new Set<string>()
  longestMs = 0

  constructor(origin: string, cookie: string) {
    this.#origin = origin
    this.#cookie = cookie
  }

  come(): void {
    this.#here ??= Promise.all(Array.from({ length: AT_ONCE }, () => this.#stay()))
  }

  /** Waits for what is under way. */
  async leave(): Promise<void> {
    this.#leaving = true
    await this.#here
  }

  /** When the token ends that this process has for them, in milliseconds since the epoch; 0 if nobody can say. */
  async expiresAt(): Promise<number> {
    const response = await this.#get('/status')
    const { expiresAt } = (await response.json()) as { expiresAt?: number }
    return expiresAt ?? 0
  }

  get failures(): number {
    return Object.values(this.failed).reduce((sum, count) => sum + count, 0)
  }

  async #stay(): Promise<void> {
    while (!this.#leaving) {
      const { down } = this
      const since = performance.now()
      const outcome = await this.#ask().catch((error: Error) => `${error.name}: ${error.message}`)
      if (!down && !this.down) this.#count(outcome, performance.now() - since)
      await sleep(PAUSE_MS)
    }
  }

  async #ask(): Promise<string> {
    const response = await this.#get('/candidates')
    const body = (await response.json()) as {
      code?: string
      echo?: { user: string; dataCenter: string }
    }
    if (response.status === 200 && body.echo !== undefined) {
      this.seenAs.add(`${body.echo.user} in ${body.echo.dataCenter}`)
      return 'served'
    }
    const problem = response.headers.get('content-type')?.startsWith('application/problem+json')
    if (response.status === 409 && body.code === 'ERR_ZOHO_REVOKED' && problem) return 'told'
    return `${response.status} ${body.code}`
  }

  #get(path: string): Promise<Response> {
    return fetch(this.#origin + path, {
      headers: { cookie: this.#cookie },
      signal: AbortSignal.timeout(ANSWER_MS),
    })
  }

  #count(outcome: string, tookMs: number): void {
    this.longestMs = Math.max(this.longestMs, tookMs)
    if (outcome === 'served') {
      this.served += 1
      if (this.told > 0) this.servedInVain += 1
    } else if (outcome === 'told') this.told += 1
    else this.failed[outcome] = (this.failed[outcome] ?? 0) + 1
  }
}
