import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { connectionStoreContract, tokenStoreContract } from '@zoho-auth/core/testing'
import { redisConnectionStore, redisTokenStore } from '@zoho-auth/store-redis'
import { Redis } from 'ioredis'
import { ownPrefix, SHARED_URL } from './support.js'

const onRedis = SHARED_URL ? describe : describe.skip
const prefix = ownPrefix()

onRedis('with ioredis', () => {
  const client = new Redis(SHARED_URL, { lazyConnect: true })
  beforeAll(() => client.connect())
  afterAll(() => client.disconnect())
  tokenStoreContract(test, () => redisTokenStore(client, { prefix }))
  connectionStoreContract(test, () => redisConnectionStore(client, { prefix }))
})

onRedis('with ioredis that puts a prefix of its own before every key', () => {
  const client = new Redis(SHARED_URL, { lazyConnect: true, keyPrefix: `${prefix}own[*]:` })
  beforeAll(() => client.connect())
  afterAll(() => client.disconnect())
  connectionStoreContract(test, () => redisConnectionStore(client))
})
