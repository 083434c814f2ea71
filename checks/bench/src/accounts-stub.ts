/**
 * An accounts server on loopback, in a process of its own, that answers every refresh with a token. It keeps no grants, so
 * that it is not what is measured; the emulator, which keeps grants and quotas, would be.
 *
 * The tokens end at random moments of `SPREAD_MS`, two hours after it was started.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How it answers from now on: after so many milliseconds, or never; then with this status. */
export interface Manner {
  readonly latencyMs: number | 'never'
  readonly status?: number
}

/** What it saw since it was told its manner last. */
export interface StubCounts {
  readonly requests: number
  readonly mostUnderWay: number
  readonly mostSockets: number
}

const LEAST_LIFE_MS = 7_200_000
const SPREAD_MS = Number(process.argv[2])

const startedAt = performance.now()
let origin = ''
let manner: Manner = { latencyMs: 0 }
let requests = 0
let underWay = 0
let mostUnderWay = 0
let sockets = 0
let mostSockets = 0

function answer(response: ServerResponse): void {
  const leftMs = LEAST_LIFE_MS + Math.random() * SPREAD_MS - (performance.now() - startedAt)
  const half = () => randomBytes(16).toString('hex')
  response.statusCode = manner.status ?? 200
  response.setHeader('content-type', 'application/json')
  response.end(
    manner.status === undefined
      ? JSON.stringify({
          access_token: `1000.${half()}.${half()}`,
          api_domain: origin,
          token_type: 'Bearer',
          expires_in: Math.round(leftMs / 1000),
        })
      : '',
  )
}

const server = createServer((request, response) => {
  requests += 1
  underWay += 1
  mostUnderWay = Math.max(mostUnderWay, underWay)
  response.once('close', () => {
    underWay -= 1
  })
  request.resume().once('end', () => {
    const { latencyMs } = manner
    if (latencyMs === 0) answer(response)
    else if (latencyMs !== 'never') setTimeout(answer, latencyMs, response)
  })
})
server.on('connection', (socket) => {
  sockets += 1
  mostSockets = Math.max(mostSockets, sockets)
  socket.once('close', () => {
    sockets -= 1
  })
})
server.listen(0, '127.0.0.1', () => {
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  process.send?.(origin)
})
process.on('message', (message: Manner | 'counts') => {
  if (message === 'counts') process.send?.({ requests, mostUnderWay, mostSockets } satisfies StubCounts)
  else {
    manner = message
    requests = 0
    mostUnderWay = underWay
    mostSockets = sockets
    process.send?.('told')
  }
})
process.once('disconnect', () => process.exit())
