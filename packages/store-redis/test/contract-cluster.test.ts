import { afterAll, beforeAll, describe, test } from '@jest/globals'
import { connectionStoreContract, tokenStoreContract } from '@zoho-auth/core/testing'
import { redisConnectionStore, redisTokenStore } from '@zoho-auth/store-redis'
import { Cluster } from 'ioredis'
import { createCluster } from 'redis'
import { ownPrefix, SHARED_URL, startCluster, type TestServer } from './support.js'

const onRedis = SHARED_URL ? describe : describe.skip
const prefix = ownPrefix()

/** A server in cluster mode refuses a script that touches a key it did not name. */
onRedis('on a cluster', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startCluster()
  })
  afterAll(() => server.stop())

  describe('with node-redis', () => {
    let cluster: ReturnType<typeof createCluster>
    beforeAll(async () => {
      cluster = createCluster({ rootNodes: [{ url: server.url }] }) as ReturnType<typeof createCluster>
      await cluster.connect()
    })
    afterAll(() => cluster.destroy())
    tokenStoreContract(test, () => redisTokenStore(cluster, { prefix }))
    connectionStoreContract(test, () => redisConnectionStore(cluster, { prefix }))
  })

  describe('with ioredis', () => {
    let cluster: Cluster
    beforeAll(() => {
      cluster = new Cluster([{ host: '127.0.0.1', port: server.port }])
    })
    afterAll(() => cluster.disconnect())
    tokenStoreContract(test, () => redisTokenStore(cluster, { prefix }))
    connectionStoreContract(test, () => redisConnectionStore(cluster, { prefix }))
  })
})
