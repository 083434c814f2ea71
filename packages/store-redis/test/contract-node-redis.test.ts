import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { connectionStoreContract, tokenStoreContract } from '@zoho-auth/core/testing'
import { openStores, redisConnectionStore, redisTokenStore } from '@zoho-auth/store-redis'
import { createClient } from 'redis'
import { ownPrefix, SHARED_URL } from './support.js'

const onRedis = SHARED_URL ? describe : describe.skip
const prefix = ownPrefix()

onRedis('with node-redis', () => {
  const client = createClient({ url: SHARED_URL })
  beforeAll(async () => void (await client.connect()))
  afterAll(() => client.destroy())
  tokenStoreContract(test, () => redisTokenStore(client, { prefix }))
  connectionStoreContract(test, () => redisConnectionStore(client, { prefix }))
})

onRedis('by URL', () => {
  const stores = () => openStores(`${SHARED_URL}?prefix=${prefix}`)
  tokenStoreContract(test, () => {
    const opened = stores()
    return { store: opened.tokens, close: () => opened.close() }
  })
  connectionStoreContract(test, () => {
    const opened = stores()
    return { store: opened.connections, close: () => opened.close() }
  })
})
