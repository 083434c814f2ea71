import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { createZohoAuth, memoryTokenStore } from '@zoho-auth/core'
import { until } from '../../../checks/support/waiting.mjs'
import { closing } from './support.js'

/** TLS record of an alert (RFC 8446 section 6): fatal, `handshake_failure`. */
const HANDSHAKE_FAILURE = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28])

/** A port behind which something is that speaks no TLS with us. */
async function listen(onHello: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => onHello(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing({ close: () => new Promise<void>((resolve) => void server.close(() => resolve())) })
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('nothing was sent where the handshake failed', () => {
  // Failures of TLS in the handshake counted as sent: each cost one of the ten tokens, and kept the whole fleet waiting.
  test.each<[name: string, onHello: (socket: Socket) => void]>([
    ['closes', (socket) => socket.destroy()],
    ['resets', (socket) => socket.resetAndDestroy()],
    ['ends', (socket) => socket.end()],
    ['refuses with an alert', (socket) => socket.end(HANDSHAKE_FAILURE)],
    ['speaks plain HTTP', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('a server that %s: no budget is spent, and no other process waits', async (_name, onHello) => {
    const tokens = memoryTokenStore()
    const zoho = closing(
      createZohoAuth({
        clientId: 'the-client-id',
        clientSecret: 'the-client-secret',
        refreshToken: 'the-refresh-token',
        accountsUrl: await listen(onHello),
        tokens,
        maxWaitMs: 200,
        logger: { warn: () => {} },
      }),
    )
    const error = await zoho.getToken().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_ZOHO_UNAVAILABLE' })
    // The caller may have left before the request failed.
    await until(async () => (await zoho.status()).cooldown !== undefined)
    const { budgetLeft, cooldown } = await zoho.status()
    expect(cooldown?.reason).toBe('unreachable')
    expect(budgetLeft).toBe(8)
  })
})
