import { randomBytes } from 'node:crypto'
import { expect, test } from '@jest/globals'
import { createZohoAuth } from '@zoho-auth/core'
import { startEmulator } from '@zoho-auth/emulator'
import { postgresConnectionStore, postgresTokenStore } from '../src/index.js'
import { database, onPostgres, openPool } from './support.js'

onPostgres('a fleet', () => {
  const { pool, schema } = database()

  test('8 processes with 20 callers each make one token, refuse it together, and make one more', async () => {
    const emulator = await startEmulator()
    const connections = postgresConnectionStore(pool, { schema })
    const encryptionKeys = [`k1:${randomBytes(32).toString('base64')}`]
    const pools = Array.from({ length: 8 }, () => openPool({ max: 2 }))
    const options = { accountsUrl: emulator.accountsUrl, encryptionKeys, plaintext: true }
    const fleet = pools.map((own) =>
      createZohoAuth({
        ...options,
        clientId: emulator.clientId,
        clientSecret: emulator.clientSecret,
        connections: postgresConnectionStore(own, { schema }),
        tokens: postgresTokenStore(own, { schema }),
      }),
    )
    try {
      await connections.put({
        id: 'acme',
        refreshToken: emulator.refreshToken,
        dataCenter: 'us',
        state: 'active',
        version: 0,
        createdAt: 0,
        updatedAt: 0,
      })
      const ask = (rejectedToken?: string) =>
        Promise.all(
          fleet.flatMap((zoho) =>
            Array.from({ length: 20 }, () =>
              zoho.getAccessToken({
                connection: 'acme',
                ...(rejectedToken === undefined ? {} : { rejectedToken }),
              }),
            ),
          ),
        )
      const first = new Set(await ask())
      expect(first.size).toBe(1)
      expect(emulator.counters.tokenRequests).toBe(1)
      const [old = ''] = first
      const second = new Set(await ask(old))
      expect(second.size).toBe(1)
      expect(second).not.toEqual(first)
      expect(emulator.counters.tokenRequests).toBe(2)
      const { rows } = await pool.query(`select t::text as row from ${schema}.zoho_auth_tokens t`)
      expect(rows).toHaveLength(1)
      for (const secret of [...first, ...second, emulator.refreshToken])
        expect(rows[0].row).not.toContain(secret)
    } finally {
      await Promise.all(fleet.map((zoho) => zoho.close()))
      await Promise.all(pools.map((own) => own.end()))
      await emulator.close()
    }
  })
})
