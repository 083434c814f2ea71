import { describe, expect, test } from '@jest/globals'
import { connectionStoreContract, tokenStoreContract } from '@zoho-auth/core/testing'
import { QUICK } from '../../../checks/support/form.mjs'
import { openStores, type PostgresPool, postgresConnectionStore, postgresTokenStore } from '../src/index.js'
import { database, onPostgres, url } from './support.js'

/** Other ways to the same database: once, on one Node. */
const onOtherWays = QUICK ? describe.skip : onPostgres

onPostgres('on a pool', () => {
  const { pool, schema } = database()
  tokenStoreContract(test, () => postgresTokenStore(pool, { schema }))
  connectionStoreContract(test, () => postgresConnectionStore(pool, { schema }))

  test('both stores say that their data outlives the process', () => {
    expect(postgresTokenStore(pool).durable).toBe(true)
    expect(postgresConnectionStore(pool).durable).toBe(true)
  })
})

// A proxy that pools transactions gives each statement any server connection, and forgets what a session had set.
onOtherWays('behind a proxy that pools transactions', () => {
  const { pool, schema } = database()
  const proxy: PostgresPool = {
    async query(text, values) {
      const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()])
      const chosen = clients[Math.floor(Math.random() * clients.length)] ?? clients[0]
      for (const client of clients) if (client !== chosen) client.release()
      try {
        return await chosen.query(text, values)
      } finally {
        await chosen.query('discard all')
        chosen.release()
      }
    },
  }
  // Sixteen callers at once, each of whom takes three of twenty, could wait for each other: they are let in one by one.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn: PostgresPool = {
    query(text, values) {
      const result = turn.then(() => proxy.query(text, values))
      turn = result.catch(() => {})
      return result
    },
  }
  tokenStoreContract(test, () => postgresTokenStore(inTurn, { schema }))
  connectionStoreContract(test, () => postgresConnectionStore(inTurn, { schema }))
})

// There a statement that meets somebody else's write fails with 40001 instead of looking again.
onOtherWays('where the default isolation is serializable', () => {
  const { pool, schema } = database({ options: '-c default_transaction_isolation=serializable' })
  tokenStoreContract(test, () => postgresTokenStore(pool, { schema }))
  connectionStoreContract(test, () => postgresConnectionStore(pool, { schema }))
})

onOtherWays('opened by URL', () => {
  const { schema } = database()
  const opened = () => openStores(`${url}?schema=${schema}`)
  tokenStoreContract(test, () => {
    const stores = opened()
    return { store: stores.tokens, close: () => stores.close() }
  })
  connectionStoreContract(test, () => {
    const stores = opened()
    return { store: stores.connections, close: () => stores.close() }
  })
})
