import { describe, expect, test } from '@jest/globals'
import { createZohoAuth } from '@zoho-auth/core'
import { startEmulator } from '@zoho-auth/emulator'
import { redisTokenStore } from '@zoho-auth/store-redis'
import { CLIENTS, closing, ownPrefix, SHARED_URL } from './support.js'

const onRedis = SHARED_URL ? describe : describe.skip

/** A key made for tests: 32 bytes of one letter. */
const ENCRYPTION_KEY = `test:${Buffer.from('k'.repeat(32)).toString('base64')}`

onRedis('a fleet on one Redis', () => {
  test('four processes with 25 callers each make one refresh', async () => {
    const emulator = await startEmulator()
    closing(emulator, () => emulator.close())
    const prefix = ownPrefix()
    const fleet = await Promise.all(
      [...CLIENTS, ...CLIENTS].map(async ({ connect }) => {
        const zoho = createZohoAuth({
          clientId: emulator.clientId,
          clientSecret: emulator.clientSecret,
          accountsUrl: emulator.accountsUrl,
          refreshToken: emulator.refreshToken,
          tokens: redisTokenStore(await connect(SHARED_URL), { prefix }),
          encryptionKeys: [ENCRYPTION_KEY],
        })
        return closing(zoho, () => zoho.close())
      }),
    )
    const tokens = await Promise.all(
      fleet.flatMap((zoho) => Array.from({ length: 25 }, () => zoho.getAccessToken())),
    )
    expect(new Set(tokens).size).toBe(1)
    expect(emulator.counters.tokensIssued).toBe(1)
  })
})
