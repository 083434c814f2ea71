/**
 * An accounts server on loopback, in a process of its own, that answers every refresh with a token at once. It keeps
 * nothing, so that it is not what is measured; the emulator, which keeps grants and quotas, would be.
 *
 * The tokens end at random moments of `SPREAD_MS`, two hours after it was started.
 */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const LEAST_LIFE_MS = 7_200_000
const SPREAD_MS = Number(process.argv[2])

const startedAt = performance.now()
let origin = ''

const server = createServer((request, response) => {
  request.resume().once('end', () => {
    const leftMs = LEAST_LIFE_MS + Math.random() * SPREAD_MS - (performance.now() - startedAt)
    const half = () => randomBytes(16).toString('hex')
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        access_token: `1000.${half()}.${half()}`,
        api_domain: origin,
        token_type: 'Bearer',
        expires_in: Math.round(leftMs / 1000),
      }),
    )
  })
})
server.listen(0, '127.0.0.1', () => {
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  process.send?.(origin)
})
process.once('disconnect', () => process.exit())
