import { expect, test } from '@jest/globals'
import { createZohoAuth } from '@zoho-auth/core'
import { startEmulator } from '@zoho-auth/emulator'

test('one request goes through with a token', async () => {
  const emulator = await startEmulator({ latencyMs: 10 })
  const zoho = createZohoAuth({
    clientId: emulator.clientId,
    clientSecret: emulator.clientSecret,
    refreshToken: emulator.refreshToken,
    accountsUrl: emulator.accountsUrl,
  })
  const tokens = await Promise.all(Array.from({ length: 1000 }, () => zoho.getToken()))
  expect(new Set(tokens).size).toBe(1)
  expect(emulator.counters.tokenRequests).toBe(1)
  const response = await zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })
  expect(response.status).toBe(200)
  emulator.killTokens()
  const again = await Promise.all(
    Array.from({ length: 100 }, () => zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })),
  )
  expect(again.map((r) => r.status)).toEqual(Array(100).fill(200))
  expect(emulator.counters.tokenRequests).toBe(2)
  await zoho.revoke()
  await expect(zoho.getToken()).rejects.toMatchObject({ code: 'ERR_ZOHO_REVOKED' })
  console.log(await zoho.status(), emulator.counters)
  await zoho.close()
  await emulator.close()
})
