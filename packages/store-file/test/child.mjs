// One process of many, on the compiled packages. Its job comes as its argument; it waits for `go`.
import { createZohoAuth } from '@zoho-auth/core'
import { fileConnectionStore, fileTokenStore } from '../dist/index.js'

const job = JSON.parse(process.argv[2])
const LONG_MS = 3_600_000
const budget = { limit: 1_000, windowMs: 600_000 }
const ask = (holder, minGeneration = 0) => ({ holder, minGeneration, leaseMs: LONG_MS, budget })
const tell = (message) => new Promise((resolve) => process.send(message, resolve))

/** Most times that a lock is waited for: each time takes the store's own limit. */
const MAX_WAITS = 50

/** Waits on where a lock is held for longer than the store waits: on a busy machine, whoever holds it may not get to run. */
async function patiently(work) {
  for (let wait = 1; ; wait++) {
    try {
      return await work()
    } catch (error) {
      if (!/another process holds this lock|its lock was taken away/.test(error.message) || wait >= MAX_WAITS)
        throw error
    }
  }
}

const jobs = {
  /** Asks for the lease of every key, and says which answers it got. */
  async acquire({ folder, keys, index }) {
    const tokens = fileTokenStore(folder)
    const acquire = (key) => patiently(() => tokens.acquire(key, ask(`child-${index}`)))
    const kinds = await Promise.all(keys.map(acquire))
    return { kinds: kinds.map(({ kind }) => kind) }
  },

  /** Works on shared keys until it is killed, and says what it was told is stored. */
  async loop({ folder, keys, index }) {
    const tokens = fileTokenStore(folder)
    const connections = fileConnectionStore(folder)
    for (let round = 0; ; round++) {
      const key = keys[Math.floor(Math.random() * keys.length)]
      const holder = `${index}:${round}`
      const result = await tokens.acquire(key, { ...ask(holder, Number.MAX_SAFE_INTEGER / 2), leaseMs: 5 })
      if (result.kind === 'acquired' && round % 3 !== 0) {
        const value = `token of ${holder}`
        const stored = await tokens.commit(key, result.lease, value, LONG_MS)
        // Leases of one generation follow each other where a lease ends: of their tokens one is stored.
        if (stored?.value === value) process.send({ key, generation: stored.generation })
      } else if (result.kind === 'acquired') await tokens.release(key, result.lease, { unspent: true })
      const id = keys[Math.floor(Math.random() * keys.length)]
      const { version } = await connections.put({
        id,
        refreshToken: 'the-refresh-token',
        dataCenter: 'us',
        state: 'active',
        version: 0,
        createdAt: 1,
        updatedAt: 1,
        label: holder,
      })
      process.send({ id, version })
    }
  },

  /** Adds one to each version as often as it is told, with compare-and-set. */
  async count({ folder, id, times }) {
    const connections = fileConnectionStore(folder)
    for (let done = 0; done < times; ) {
      const found = await connections.get(id)
      try {
        await patiently(() => connections.put(found, { ifVersion: found.version }))
        done += 1
      } catch (error) {
        if (error.code !== 'ERR_ZOHO_CONFLICT') throw error
      }
    }
    return { done: times }
  },

  /** Takes a lease and stays, so that it can be killed with the lease. */
  async hold({ folder, key }) {
    await fileTokenStore(folder).acquire(key, ask('held'))
    await tell({ held: true })
    await new Promise((resolve) => setTimeout(resolve, LONG_MS))
  },

  /** Writes both kinds of record under an unusual umask. */
  async umask({ folder, umask }) {
    process.umask(umask)
    const tokens = fileTokenStore(folder)
    const result = await tokens.acquire('the-key', ask('a'))
    await tokens.commit('the-key', result.lease, 'the-token', LONG_MS)
    const found = await tokens.inspect('the-key')
    await fileConnectionStore(folder).put({
      id: 'acme',
      refreshToken: 'the-refresh-token',
      dataCenter: 'us',
      state: 'active',
      version: 0,
      createdAt: 1,
      updatedAt: 1,
    })
    return { value: found.token.value }
  },

  /** Reads and writes as a user who may not write. */
  async stranger({ folder, uid }) {
    if (uid !== undefined) {
      process.setgid(uid)
      process.setuid(uid)
    }
    const tokens = fileTokenStore(folder)
    const result = await tokens.acquire('known', ask('a')).catch(String)
    const written = await tokens.acquire('new', ask('a')).catch(({ message }) => message)
    return { kind: result.kind ?? result, written }
  },

  /** Asks for a token many times, as an app does. */
  async engine({ folder, options, rounds }) {
    const zoho = createZohoAuth({ ...options, tokens: fileTokenStore(folder) })
    const faults = []
    const values = []
    for (let round = 0; round < rounds; round++) {
      const tokens = await Promise.allSettled(Array.from({ length: 20 }, () => zoho.getToken()))
      for (const { reason } of tokens) if (reason) faults.push(`${reason} ${reason.cause}`)
      values.push(...new Set(tokens.map(({ value }) => value?.generation)))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await zoho.close()
    return { faults, values }
  },
}

async function work() {
  try {
    await tell(await jobs[job.name](job))
  } catch (error) {
    await tell({ failed: String(error?.stack ?? error) })
  }
  process.disconnect()
}

process.once('message', () => void work())
await tell('ready')
