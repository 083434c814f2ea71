import type { IncomingMessage } from 'node:http'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { Patience } from './patience.js'

/**
 * Most of a request body that is kept until its answer, in bytes (64 KiB), so that the request can be sent again if the
 * token turns out to be dead. A longer body is streamed, and sent once.
 */
export const MAX_REPLAYED_BYTES = 65_536

/** How long Zoho may refuse a long body by its headers before more than a byte of it is sent, in milliseconds (ten). */
const HEAD_START_MS = 10

/** Turns of the event loop before each piece of a long body: in them an answer is read that came meanwhile. */
const TURNS_BEFORE_WRITE = 2

type Chunks = AsyncIterator<Buffer, undefined>

/** Whether a request announces a body at all (RFC 9112 section 6.3). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || announcedBytes(headers) > 0
}

/** Whether somebody else reads the body, or has read it: it would go out empty or in part. */
export function isTaken(req: IncomingMessage): boolean {
  return req.readableDidRead || req.readableEnded || req.readableFlowing === true
}

/** The body of one request, on its way to Zoho. */
export class RequestBody {
  readonly #req: IncomingMessage
  readonly #patience: Patience
  readonly #chunks: Chunks

  constructor(req: IncomingMessage, patience: Patience) {
    this.#req = req
    this.#patience = patience
    // Zoho may answer before it has read everything; the connection must live on to carry the answer.
    this.#chunks = req.iterator({ destroyOnReturn: false }) as Chunks
  }

  /** Bytes if the body can be sent again, else a stream of them. Read as fast as it is taken. */
  async content(): Promise<Uint8Array | AsyncIterable<Uint8Array>> {
    const held: Buffer[] = []
    let length = 0
    const isLong = announcedBytes(this.#req.headers) > MAX_REPLAYED_BYTES
    while (!isLong && length <= MAX_REPLAYED_BYTES) {
      const { done, value } = await this.#next()
      if (done) return Buffer.concat(held)
      held.push(value)
      length += value.length
    }
    return this.#stream(held)
  }

  /**
   * Zoho may answer before it has read everything (a 413), and hang up. A write that meets the closed connection makes Node
   * destroy the socket, with an answer in it that has arrived and is not read yet (seen on Node 20, 22 and 24). So reading
   * goes first: after the headers, and before each write. An answer that comes in the very moment of a write is lost.
   */
  async *#stream(held: readonly Buffer[]): AsyncGenerator<Uint8Array> {
    const first = held.length > 0 ? Buffer.concat(held) : (await this.#next()).value
    if (first === undefined) return
    // `fetch` sends the headers with the first byte. Never an empty piece: it waits for ever behind one.
    yield first.subarray(0, 1)
    await sleep(HEAD_START_MS)
    for (
      let rest: Buffer | undefined = first.subarray(1);
      rest !== undefined;
      rest = (await this.#next()).value
    ) {
      for (let turn = 0; turn < TURNS_BEFORE_WRITE; turn++) await nextTurn()
      if (rest.length > 0) yield rest
    }
  }

  /** How long a client takes to send is not Zoho's time. */
  async #next(): Promise<IteratorResult<Buffer, undefined>> {
    this.#patience.pause()
    try {
      return await this.#chunks.next()
    } finally {
      this.#patience.renew()
    }
  }

  /** Lets go of what nobody took, so that the client's connection can carry its next request. */
  release(): void {
    const flow = (): void => void this.#req.resume()
    this.#chunks.return?.().then(flow, flow)
  }
}

function announcedBytes(headers: IncomingMessage['headers']): number {
  return Number(headers['content-length'] ?? 0)
}
