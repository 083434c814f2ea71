import { randomBytes } from 'node:crypto'
import { createZohoAuth } from '@zoho-auth/core'

const CONNECTIONS = 10_000
/** Connections asked for at once. */
const BATCH = 200

const what = process.argv[2]
const collect = (globalThis as { gc?: () => void }).gc
if (collect === undefined) throw new Error('run with --expose-gc')

// Shaped like Zoho's, and each a string of its own.
const newToken = (): string => `1000.${randomBytes(16).toString('hex')}.${randomBytes(16).toString('hex')}`

const keep: unknown[] = []
const used = (): number => {
  for (let round = 0; round < 5; round++) collect()
  return process.memoryUsage().heapUsed
}

async function fill(count: number): Promise<number> {
  if (what === 'floor') {
    const map = new Map<string, { token: string; expiresAt: number }>()
    keep.push(map)
    const before = used()
    for (let index = 0; index < count; index++)
      map.set(`customer-${index}`, { token: newToken(), expiresAt: Date.now() + 3_600_000 })
    return used() - before
  }
  const zoho = createZohoAuth({
    clientId: 'the-client-id',
    clientSecret: 'the-client-secret',
    // Grants come from the app's own table: they are not what is measured.
    connections: async (id) => ({
      id,
      refreshToken: `grant of ${id}`,
      dataCenter: 'us',
      state: 'active',
      version: 1,
      createdAt: 0,
      updatedAt: 0,
    }),
    fetch: async () =>
      Response.json({ access_token: newToken(), api_domain: 'https://www.zohoapis.com', expires_in: 3600 }),
  })
  keep.push(zoho)
  const ask = async (prefix: string, from: number, to: number) => {
    await Promise.all(
      Array.from({ length: to - from }, (_, index) =>
        zoho.getToken({ connection: `${prefix}-${from + index}` }),
      ),
    )
  }
  // Code and caches of the first refreshes are not counted.
  await ask('warm', 0, BATCH)
  const before = used()
  for (let from = 0; from < count; from += BATCH) await ask('customer', from, Math.min(count, from + BATCH))
  await new Promise((resolve) => setTimeout(resolve, 50))
  return used() - before
}

console.log((await fill(CONNECTIONS)) / CONNECTIONS)
process.exit(keep.length === 0 ? 1 : 0)
