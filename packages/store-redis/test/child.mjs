// One process, on the compiled packages, that never closes anything. Its job comes as its argument.
import { createZohoAuth } from '@zoho-auth/core'
import { connectionStoreOn } from '../dist/connection-store.js'
import { ioredis, LazyClient, nodeRedis } from '../dist/lazy-client.js'
import { tokenStoreOn } from '../dist/token-store.js'

const { name, url, prefix, client, options } = JSON.parse(process.argv[2])
const redis = new LazyClient(new URL(url), [{ redis: nodeRedis, 'ioredis only': ioredis }[client]])
const ready = () => redis.ready()
const tokens = Object.assign(tokenStoreOn(redis, prefix), { ready })
const connections = Object.assign(connectionStoreOn(redis, prefix), { ready })
const ASK = { holder: 'a', minGeneration: 0, leaseMs: 60_000, budget: { limit: 8, windowMs: 600_000 } }

const jobs = {
  /** Asks for a token, as an app does. */
  async engine() {
    const zoho = createZohoAuth({ ...options, tokens, connections })
    const { generation } = await zoho.getToken({ connection: 'acme' })
    console.log(generation > 0 ? 'a token' : 'none')
  },

  /** Leaves a write under way, to a server that answers late. */
  async write() {
    const { lease } = await tokens.acquire('key', ASK)
    await redis.send(['CLIENT', 'PAUSE', '500', 'ALL'], '')
    void tokens.commit('key', lease, 'the-token', 60_000).then(() => console.log('written'))
  },

  /** Asks where nobody listens. */
  async nobody() {
    await tokens.acquire('key', ASK).catch(() => console.log('a fault'))
  },

  /** Loses its connection, and does not ask again. */
  async lost() {
    await tokens.acquire('key', ASK)
    await redis.send(['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'no'], '').catch(() => {})
    console.log('lost')
  },
}

await jobs[name]()
