import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createZohoAuth } from '@zoho-auth/core'
import type { OpenStores } from '@zoho-auth/core/store'
import { openStores as openFile } from '@zoho-auth/store-file'
import { migrate, openStores as openPostgres } from '@zoho-auth/store-postgres'
import { openStores as openRedis } from '@zoho-auth/store-redis'
import pg from 'pg'
import { createClient } from 'redis'
import { dumpFolder, dumpPostgres, dumpRedis } from '../../support/dumps.mjs'
import { postgresServer, redisServer, startPostgres, startRedis } from '../../support/servers.mjs'
import type { Scans } from './scans.js'
import { World } from './world.js'

/** Where tokens and connections lie, and everything that lies or passes there. */
interface Place {
  readonly url: string
  readonly open: OpenStores
  readonly read: () => Promise<Readonly<Record<string, readonly string[]>>>
  readonly close: () => Promise<void>
}

/** Every kind of durable store: what it needs to be installed, and how it is begun. */
export const PLACES: Readonly<
  Record<string, { readonly isHere: boolean; readonly start: () => Promise<Place> }>
> = {
  file: { isHere: true, start: startFolder },
  redis: { isHere: redisServer() !== undefined, start: startRedisPlace },
  postgres: { isHere: postgresServer() !== undefined, start: startPostgresPlace },
}

/** Connections that one store gets. */
const CONNECTIONS = 6

async function startFolder(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-canary-'))
  return {
    url: pathToFileURL(folder).href,
    open: openFile,
    read: async () => ({ 'a file of store-file': dumpFolder(folder) }),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function startRedisPlace(): Promise<Place> {
  const server = await startRedis()
  const [client, watcher] = [createClient({ url: server.url }), createClient({ url: server.url })]
  await Promise.all([client.connect(), watcher.connect()])
  const seen: string[] = []
  await watcher.monitor((line) => seen.push(String(line)))
  return {
    url: server.url,
    open: openRedis,
    read: async () => ({ 'a key of Redis': await dumpRedis(client), 'MONITOR of Redis': seen.splice(0) }),
    async close() {
      for (const one of [client, watcher]) one.destroy()
      await server.stop()
    },
  }
}

async function startPostgresPlace(): Promise<Place> {
  const server = await startPostgres()
  const pool = new pg.Pool({ connectionString: server.url, max: 2, allowExitOnIdle: true })
  pool.on('error', () => {})
  await migrate(pool)
  const activity = 'select query as text from pg_stat_activity where query is not null'
  return {
    url: server.url,
    open: openPostgres,
    read: async () => ({
      'a row of PostgreSQL': await dumpPostgres(pool),
      pg_stat_activity: (await pool.query<{ text: string }>(activity)).rows.map(({ text }) => text),
    }),
    async close() {
      await pool.end()
      await server.stop()
    },
  }
}

/** Lives through everything that writes, and looks at what was written after each step. */
export async function playStore(world: World, name: string, scans: Scans): Promise<void> {
  const place = await (PLACES[name] as (typeof PLACES)[string]).start()
  const stores = place.open(place.url)
  const keys = [world.key(), world.key()]
  const made = [keys.slice(0, 1), [keys[1] ?? '', keys[0] ?? '']].map((encryptionKeys) => {
    const { tokens, connections } = stores
    return world.listened(createZohoAuth(world.options({ tokens, connections, encryptionKeys })))
  })
  const [zoho, later] = made as [(typeof made)[0] & object, (typeof made)[0] & object]
  const ids = Array.from({ length: CONNECTIONS }, (_, index) => `${name}-${index}`)
  const all = <T>(work: (id: string) => Promise<T>): Promise<T[]> => Promise.all(ids.map(work))
  const steps: Readonly<Record<string, () => Promise<unknown>>> = {
    'consents begin': () =>
      all(async (id) => {
        const redirectUri = 'http://127.0.0.1:1/callback'
        const { state } = await zoho.consent.start({
          connection: id,
          scopes: ['ZohoRecruit.modules.ALL'],
          redirectUri,
        })
        world.canaries.add('state', state, id)
      }),
    'codes are exchanged': () =>
      all(async (id) => {
        const code = world.emulator.createCode({ user: id })
        world.canaries.add('authorization code', code, id)
        await zoho.consent.exchange(code, { connection: id })
      }),
    'tokens are refreshed': () =>
      all(async (id) => {
        const { value } = await zoho.getToken({ connection: id })
        await zoho.getToken({ connection: id, rejectedToken: value })
      }),
    'another consent replaces the grant': () =>
      all((id) => zoho.consent.exchange(world.emulator.createCode({ user: id }), { connection: id })),
    'keys are rotated': () => later.rotateKeys(),
    'a revocation fails': async () => {
      world.emulator.fault({ on: 'revoke', kind: 'status', status: 500, times: 9 })
      await later.revoke({ connection: ids[0] }).catch(() => {})
      world.emulator.clearFaults()
    },
    'a connection is revoked': () => later.revoke({ connection: ids[1] }),
  }
  try {
    for (const [step, play] of Object.entries(steps)) {
      await play()
      world.learn()
      for (const [sink, texts] of Object.entries(await place.read()))
        for (const text of texts) scans.text(`store ${name}: ${step}`, sink, text, undefined)
    }
  } finally {
    await Promise.all(made.map((one) => one.close()))
    await stores.close()
    await place.close()
  }
}
