import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { DATA_CENTERS, isOnList, mayArrive, type Secret, secret, secretsIn } from './judge.js'
import { type Hop, hopsOf, leadEverythingTo, plainHost } from './loopback.js'

/** How a case's first requests are answered, in order, before all others are told `{}`. */
export interface Redirect {
  readonly status: number
  readonly location: string
}

/** One request that arrived somewhere. */
export interface Arrival {
  readonly to: Hop
  readonly line: string
  readonly text: string
  readonly secrets: readonly Secret[]
  /** On the list of any data centre. */
  readonly isZoho: boolean
}

/** A secret where it must not be. */
export interface Leak {
  readonly id: string | undefined
  readonly what: string
}

/** Longest body that is read, in bytes (1 MiB). */
const MAX_BODY = 1_048_576

/**
 * All hosts there are, on one port of loopback: Zoho's, everybody else's, and a forward proxy that opens tunnels. Whatever
 * arrives is searched for secrets, and judged by the host that was asked for.
 */
export class World {
  readonly leaks: Leak[] = []
  readonly #arrivals = new Map<string, Arrival[]>()
  readonly #redirects = new Map<string, Redirect[]>()
  readonly #apiDomains = new Map<string, string>()

  static async begin(): Promise<World> {
    const world = new World()
    const server = createServer((request, response) => void world.#take(request, response))
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      world.#arrived(request, '')
      const [, host = '', port] = /^(.*):(\d+)$/.exec(request.url ?? '') ?? []
      hopsOf(socket).push({ host: plainHost(host), port: Number(port), isTls: false })
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      server.emit('connection', socket)
    })
    server.on('clientError', (error: Error & { rawPacket?: Buffer }, socket: Socket) => {
      const text = error.rawPacket?.toString('latin1') ?? ''
      if (text !== '') world.#judge(hopsOf(socket), undefined, text, 'no HTTP')
      socket.destroy()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    leadEverythingTo((server.address() as AddressInfo).port)
    return world
  }

  /** Lets the first requests of a case be answered with redirects. */
  redirect(id: string, redirects: readonly Redirect[]): void {
    this.#redirects.set(id, [...redirects])
  }

  /** What the accounts server calls the home of the API, in an answer to a client. */
  nameApiDomain(clientId: string, apiDomain: string): void {
    this.#apiDomains.set(clientId, apiDomain)
  }

  /** What arrived for a case; once. */
  taken(id: string): readonly Arrival[] {
    const arrivals = this.#arrivals.get(id) ?? []
    for (const map of [this.#arrivals, this.#redirects, this.#apiDomains]) map.delete(id)
    return arrivals
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    let length = 0
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        chunks.push(chunk)
        length += chunk.length
        if (length > MAX_BODY) break
      }
    } catch {
      // The client has gone; what came counts.
    }
    const body = Buffer.concat(chunks).toString('latin1')
    const { id, arrival } = this.#arrived(request, body)
    const redirect = this.#redirects.get(id ?? '')?.shift()
    if (!arrival.isZoho) response.setHeader('connection', 'close')
    if (redirect !== undefined) response.writeHead(redirect.status, { location: redirect.location }).end()
    else response.setHeader('content-type', 'application/json').end(this.#answer(request, body, id))
  }

  #answer({ url, method }: IncomingMessage, body: string, id: string | undefined): string {
    if (method !== 'POST' || url !== '/oauth/v2/token') return '{}'
    const of = /-of-([a-z]{2})/.exec(body)?.[1] ?? ''
    const apiDomain = this.#apiDomains.get(id ?? '')
    return JSON.stringify({
      access_token: secret('access-token', of),
      refresh_token: secret('refresh-token', of),
      expires_in: 3600,
      ...(apiDomain === undefined ? {} : { api_domain: apiDomain }),
    })
  }

  #arrived(
    request: IncomingMessage,
    body: string,
  ): { readonly id: string | undefined; readonly arrival: Arrival } {
    const { method, url, rawHeaders, headers, socket } = request
    const basic = /^Basic (.*)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
    const text = [method, url, ...rawHeaders, Buffer.from(basic, 'base64').toString('latin1'), body].join(
      '\n',
    )
    const client = new URLSearchParams(body.length < 4_096 ? body : '').get('client_id')
    const id = (headers['x-case'] as string | undefined) ?? client ?? undefined
    return { id, arrival: this.#judge(hopsOf(socket), id, text, `${method} ${url}`) }
  }

  #judge(hops: readonly Hop[], id: string | undefined, text: string, line: string): Arrival {
    const to = hops.at(-1) as Hop
    const secrets = secretsIn(text)
    const isZoho = DATA_CENTERS.some((dataCenter) => isOnList(to, dataCenter))
    const arrival = { to: { ...to }, line, text, secrets, isZoho }
    for (const found of secrets)
      if (!mayArrive(found, to))
        this.leaks.push({ id, what: `the ${found.kind} of ${found.dataCenter} at ${told(arrival)}` })
    if (id === undefined) return arrival
    const all = this.#arrivals.get(id)
    if (all === undefined) this.#arrivals.set(id, [arrival])
    else all.push(arrival)
    return arrival
  }
}

/** An arrival in words. */
export function told({ to, line, secrets }: Arrival): string {
  const { host, port, isTls } = to
  return `${isTls ? 'https' : 'http'}://${host}:${port} (${line.slice(0, 120)})${secrets.length > 0 ? ' with a secret' : ''}`
}
