import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A process that ended is started again after this, in milliseconds, so many times. */
const RESTART_MS = 1_000
const MAX_RESTARTS = 20

const SERVER = fileURLToPath(new URL('server.js', import.meta.url))

/** A process of the app on each port, each started again when it ends, as Kubernetes or systemd would. */
export class Fleet {
  readonly #running = new Map<number, ChildProcess>()
  readonly #kept: Promise<unknown>
  #ending = false

  constructor(ports: readonly number[]) {
    this.#kept = Promise.all(ports.map((port) => this.#keep(port)))
  }

  async #keep(port: number): Promise<void> {
    for (let starts = 0; starts <= MAX_RESTARTS && !this.#ending; starts++) {
      const env = { ...process.env, PORT: String(port) }
      const child = spawn(process.execPath, [SERVER], { env, stdio: ['ignore', 'inherit', 'inherit'] })
      this.#running.set(port, child)
      const [code, signal] = await once(child, 'exit')
      if (this.#ending) return
      console.log(`${port} ended (${signal ?? code}), and will be started again`)
      await sleep(RESTART_MS)
    }
  }

  /** Lets every process finish what it does. */
  async stop(): Promise<void> {
    this.#ending = true
    for (const child of this.#running.values()) child.kill()
    await this.#kept
  }
}
