import { randomBytes } from 'node:crypto'
import { createZohoAuth, type ZohoAuth } from '@zoho-auth/core'
import { collect } from './collect.js'

const CONNECTIONS = 10_000
/** Connections asked for at once. */
const BATCH = 200

const what = process.argv[2]

// Shaped like Zoho's, and each a string of its own.
const newToken = (): string => `1000.${randomBytes(16).toString('hex')}.${randomBytes(16).toString('hex')}`

const keep: unknown[] = []
const used = async (): Promise<number> => {
  await collect()
  return process.memoryUsage().heapUsed
}

async function floor(): Promise<number> {
  const map = new Map<string, { token: string; expiresAt: number }>()
  keep.push(map)
  const before = await used()
  for (let index = 0; index < CONNECTIONS; index++)
    map.set(`customer-${index}`, { token: newToken(), expiresAt: Date.now() + 3_600_000 })
  return (await used()) - before
}

function engine(): ZohoAuth {
  return createZohoAuth({
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
}

async function fill(zoho: ZohoAuth): Promise<void> {
  for (let from = 0; from < CONNECTIONS; from += BATCH)
    await Promise.all(
      Array.from({ length: BATCH }, (_, index) => zoho.getToken({ connection: `customer-${from + index}` })),
    )
}

async function filled(): Promise<number> {
  // What is compiled on the way is not counted: another engine goes it first, as far.
  const first = engine()
  await fill(first)
  await first.close()
  const zoho = engine()
  keep.push(zoho)
  const before = await used()
  await fill(zoho)
  return (await used()) - before
}

console.log((await (what === 'floor' ? floor() : filled())) / CONNECTIONS)
process.exit(keep.length === 0 ? 1 : 0)
