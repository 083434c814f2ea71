import { describe, expect, test } from '@jest/globals'
import { checkRedis } from '@zoho-auth/store-redis'
import { CLIENTS, nodeRedis, ownServer, SHARED_URL } from './support.js'

const onRedis = SHARED_URL ? describe : describe.skip

onRedis.each(CLIENTS)('checkRedis, with $name', ({ connect }) => {
  test('has nothing to say of a durable server that does not evict', async () => {
    const server = await ownServer({ arguments: ['--appendonly', 'yes'] })
    expect(await checkRedis(await connect(server.url))).toEqual([])
  })

  test('warns of eviction and of a server that is not durable', async () => {
    const server = await ownServer({ arguments: ['--maxmemory-policy', 'allkeys-lru'] })
    expect(await checkRedis(await connect(server.url))).toEqual([
      'maxmemory-policy is allkeys-lru: leases, budgets and connections can be evicted; set noeviction',
      expect.stringContaining('appendonly is no'),
    ])
  })

  test('warns of a policy that evicts only what has an expiry', async () => {
    const server = await ownServer({
      arguments: ['--appendonly', 'yes', '--maxmemory-policy', 'volatile-lru'],
    })
    expect(await checkRedis(await connect(server.url))).toEqual([
      'maxmemory-policy is volatile-lru: leases and budgets can be evicted; set noeviction',
    ])
  })

  test('warns of a replica', async () => {
    const server = await ownServer({ arguments: ['--appendonly', 'yes', '--replicaof', '127.0.0.1 1'] })
    expect(await checkRedis(await connect(server.url))).toEqual([
      expect.stringContaining('this server is a replica'),
    ])
  })
})

onRedis('checkRedis', () => {
  test('says so where INFO is not allowed', async () => {
    const server = await ownServer()
    const admin = await nodeRedis(server.url)
    await admin.sendCommand(['ACL', 'SETUSER', 'app', 'on', '>the-password', '~*', '&*', '+@all', '-info'])
    const url = `redis://app:the-password@127.0.0.1:${server.port}`
    expect(await checkRedis(await nodeRedis(url))).toEqual([expect.stringContaining('INFO is not allowed')])
  })
})
