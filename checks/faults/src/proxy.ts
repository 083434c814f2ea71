import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Ending, type Fault, isAtOpening } from './fault.js'
import { wholeAnswer } from './http.js'
import type { Names } from './names.js'

/** How long the library has to notice the polite end of an idle connection, in milliseconds. */
const HANG_UP_MS = 1_000

/** A TCP proxy on loopback that goes wrong on request: between the library and one server, for one case. */
export class FaultProxy {
  readonly port: number
  readonly names: Names
  readonly targetPort: number
  readonly links: Set<Link> = new Set()
  fault: Fault | undefined
  /** When bytes came from the library last, on the scale of `performance.now()`. */
  sentAt = 0
  #server: Server | undefined
  #opening: NodeJS.Timeout | undefined

  private constructor(address: string, port: number, targetPort: number) {
    this.names = { address, trouble: undefined }
    this.port = port
    this.targetPort = targetPort
  }

  /** @param address Of loopback, and of this proxy alone: so all can have the same port, and URLs with a name be the same. */
  static async start(address: string, port: number, targetPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(address, port, targetPort)
    await proxy.#listen()
    return proxy
  }

  get host(): string {
    return `${this.names.address}:${this.port}`
  }

  /**
   * Begins a fault, or ends the one there is. What was only held back then comes; a connection of which something was lost
   * or made up ends, because no network would let it go on.
   *
   * @param keep Connections that are open meet the fault as they are, where it can be met there. Otherwise they end first.
   */
  async set(fault: Fault | undefined, keep = false): Promise<void> {
    clearTimeout(this.#opening)
    if (fault !== undefined) {
      const links = [...this.links]
      if (isAtOpening(fault)) for (const link of links) link.end('reset')
      else if (!keep) await Promise.all(links.map((link) => link.hangUp()))
    }
    this.fault = fault
    this.names.trouble = fault?.do === 'name' ? fault.how : undefined
    await Promise.all([...this.links].map((link) => link.renew(fault)))
    if (fault?.do !== 'close-port') return this.#listen()
    await this.#unlisten()
    if (fault.openAfterMs !== undefined)
      this.#opening = setTimeout(() => void this.#listen().catch(() => {}), fault.openAfterMs)
  }

  async close(): Promise<void> {
    clearTimeout(this.#opening)
    for (const link of this.links) link.end('reset')
    await this.#unlisten()
  }

  async #listen(): Promise<void> {
    if (this.#server !== undefined) return
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      this.links.add(new Link(this, client))
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.port, this.names.address, resolve)
    })
    this.#server = server
  }

  async #unlisten(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    if (server !== undefined) await new Promise<void>((resolve) => void server.close(() => resolve()))
  }
}

/** One connection of the library, and ours to the server behind it. */
class Link {
  readonly #proxy: FaultProxy
  readonly #client: Socket
  readonly #server: Socket | undefined
  /** Bytes of answers that came since the fault began. */
  #down = 0
  #answer: Buffer = Buffer.alloc(0)
  /** What waits for the end of the fault. */
  readonly #held: (() => void)[] = []
  #silent = false
  #dead = false
  /** Something was lost, or made up. */
  #broken = false
  #upQueue: Promise<void> = Promise.resolve()
  #downQueue: Promise<void> = Promise.resolve()

  constructor(proxy: FaultProxy, client: Socket) {
    this.#proxy = proxy
    this.#client = client
    client.on('error', () => {})
    client.on('close', () => {
      proxy.links.delete(this)
      this.#server?.destroy()
    })
    client.on('data', (chunk: Buffer) => this.#up(chunk))
    const { fault } = proxy
    this.#dead = fault?.do === 'dead-links' && fault.opened === true
    const atAccept = fault?.do === 'cut' || fault?.do === 'say' ? fault.at === 'accept' : false
    if (fault !== undefined && atAccept && this.#instead(fault)) return
    this.#server = connect({ port: proxy.targetPort, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    this.#server.on('error', () => {})
    this.#server.on('close', () => void this.#downQueue.then(() => this.#unlessHeld(() => client.destroy())))
    this.#server.on('end', () => void this.#downQueue.then(() => this.#unlessHeld(() => client.end())))
    this.#server.on('data', (chunk: Buffer) => this.#unlessHeld(() => this.#downwards(chunk)))
    client.on('end', () => void this.#upQueue.then(() => this.#unlessHeld(() => this.#server?.end())))
    if (fault?.do === 'half-close') client.end()
  }

  /** A fault began on this connection, or ended. */
  async renew(fault: Fault | undefined): Promise<void> {
    if (this.#dead) return
    if (fault?.do === 'dead-links') this.#dead = true
    if (fault === undefined && this.#broken) return this.hangUp()
    this.#down = 0
    this.#silent = false
    for (const later of this.#held.splice(0)) later()
  }

  /** Ends an idle connection as a server does, and waits until the library has noticed. */
  async hangUp(): Promise<void> {
    if (this.#dead || this.#client.destroyed) return
    const gone = new Promise((resolve) => this.#client.once('close', resolve))
    this.#client.end()
    this.#server?.end()
    await Promise.race([gone, sleep(HANG_UP_MS, undefined, { ref: false })])
    this.#client.destroy()
  }

  end(how: Ending): void {
    if (how === 'silence') this.#silent = true
    else if (how === 'reset') this.#client.resetAndDestroy()
    else this.#client.end()
    if (how !== 'silence') this.#broken = true
  }

  #unlessHeld(work: () => void): void {
    if (this.#dead) return
    if (this.#silent) this.#held.push(work)
    else work()
  }

  /** What a fault does in place of handing a request on. `false`: it is handed on. */
  #instead(fault: Fault): boolean {
    if (fault.do === 'cut') this.end(fault.how)
    else if (fault.do === 'say') {
      this.#broken = true
      this.#client.write(fault.bytes)
      if (fault.ends !== undefined) this.end(fault.ends)
    } else return false
    return fault.do !== 'cut' || fault.how !== 'silence'
  }

  #up(chunk: Buffer): void {
    this.#proxy.sentAt = performance.now()
    if (this.#dead) return
    const { fault } = this.#proxy
    const atRequest = (fault?.do === 'cut' || fault?.do === 'say') && fault.at !== 'answer'
    if (fault !== undefined && atRequest && !this.#silent && this.#instead(fault)) return
    this.#unlessHeld(() => {
      if (fault?.do === 'slow' && fault.way === 'up')
        this.#upQueue = this.#slowly(this.#upQueue, this.#server, chunk, fault)
      else void this.#upQueue.then(() => this.#server?.write(chunk))
    })
  }

  #downwards(chunk: Buffer): void {
    const { fault } = this.#proxy
    const client = this.#client
    switch (fault?.do) {
      case 'cut': {
        if (fault.at !== 'answer') break
        const left = Math.max(0, (fault.bytes ?? 0) - this.#down)
        this.#down += chunk.length
        if (chunk.length < left) break
        client.write(chunk.subarray(0, left))
        this.end(fault.how)
        if (fault.how === 'silence') this.#held.push(() => client.write(chunk.subarray(left)))
        return
      }
      case 'slow':
        if (fault.way === 'down') {
          this.#downQueue = this.#slowly(this.#downQueue, client, chunk, fault)
          return
        }
        break
      case 'stall': {
        const left = Math.max(0, fault.bytes - this.#down)
        this.#down += chunk.length
        client.write(chunk.subarray(0, left))
        this.#downQueue = this.#slowly(this.#downQueue, client, chunk.subarray(left), { lateMs: fault.ms })
        return
      }
      case 'double':
        this.#broken = true
        client.write(Buffer.concat([chunk, chunk]))
        return
      case 'rewrite': {
        this.#answer = Buffer.concat([this.#answer, chunk])
        const answer = wholeAnswer(this.#answer)
        if (answer === undefined) return
        this.#answer = Buffer.alloc(0)
        this.#broken = true
        client.write(fault.answer(answer))
        if (fault.ends !== undefined) this.end(fault.ends)
        return
      }
    }
    client.write(chunk)
  }

  async #slowly(
    before: Promise<void>,
    sink: Socket | undefined,
    chunk: Buffer,
    { lateMs = 0, bytes = chunk.length, everyMs = 0 }: { lateMs?: number; bytes?: number; everyMs?: number },
  ): Promise<void> {
    await before
    await sleep(lateMs)
    for (let at = 0; at < chunk.length && sink?.writable; at += bytes) {
      sink.write(chunk.subarray(at, at + bytes))
      if (everyMs > 0) await sleep(everyMs)
    }
  }
}
