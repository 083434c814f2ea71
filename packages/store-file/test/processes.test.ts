import { readlinkSync, symlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { startEmulator } from '@zoho-auth/emulator'
import { fileConnectionStore, fileTokenStore } from '@zoho-auth/store-file'
import { QUICK, whole } from '../../../checks/support/form.mjs'
import { latenessMs, until } from '../../../checks/support/waiting.mjs'
import { LOCK_WAIT_MS } from '../src/lock.js'
import { idOf, newOwner, thisProcess } from '../src/owner.js'
import { ask, Child, connection, filesIn, runAll, temporaryFolder } from './support.js'

/** The owners of the locks that are there at this moment. */
function locks(folder: string): string[] {
  return filesIn(folder, '.lock').flatMap((file) => {
    try {
      return [readlinkSync(file)]
    } catch {
      return []
    }
  })
}

/** Processes at once. */
const CROWD = QUICK ? 6 : 16

test(`${CROWD} processes and 60 new keys: each key has exactly one that goes`, async () => {
  const folder = temporaryFolder()
  const keys = Array.from({ length: 60 }, (_, index) => `us:client:${index}`)
  const answers = (await runAll(CROWD, { name: 'acquire', folder, keys })) as { kinds: string[] }[]
  for (const index of keys.keys()) {
    const kinds = answers.map(({ kinds }) => kinds[index])
    expect(kinds.filter((kind) => kind === 'acquired')).toHaveLength(1)
    expect(kinds.filter((kind) => kind === 'wait')).toHaveLength(CROWD - 1)
  }
  expect(filesIn(folder).filter((file) => !file.endsWith('.json'))).toEqual([])
})

test('4 processes that count to 100 together lose no step', async () => {
  const folder = temporaryFolder()
  const store = fileConnectionStore(folder)
  await store.put(connection('acme'))
  await runAll(4, { name: 'count', folder, id: 'acme', times: 25 })
  expect((await store.get('acme'))?.version).toBe(101)
})

test(`the lock of a dead process is inherited by exactly one of ${CROWD}`, async () => {
  const folder = temporaryFolder()
  const tokens = fileTokenStore(folder)
  const keys = Array.from({ length: 12 }, (_, index) => `us:client:${index}`)
  const dead = new Child({ name: 'acquire', folder, keys: [], index: 0 })
  await dead.ready
  const owner = () => newOwner({ ...thisProcess(), pid: dead.process.pid ?? 0 })
  for (const key of keys) await tokens.invalidate(key)
  for (const file of filesIn(folder, '.json')) symlinkSync(owner(), file.replace('.json', '.lock'))
  // An heir that was killed in the middle, too.
  for (const file of filesIn(folder, '.lock').slice(0, 6))
    symlinkSync(owner(), `${file}~${idOf(readlinkSync(file))}`)
  dead.process.kill('SIGKILL')
  await dead.ended

  const answers = (await runAll(CROWD, { name: 'acquire', folder, keys })) as { kinds: string[] }[]
  for (const index of keys.keys())
    expect(answers.filter(({ kinds }) => kinds[index] === 'acquired')).toHaveLength(1)
  expect(answers.flatMap(({ kinds }) => kinds).filter((kind) => kind === 'wait')).toHaveLength(
    (CROWD - 1) * keys.length,
  )
  expect(filesIn(folder, '.lock')).toEqual([])
})

test('a lease of a killed process ends by itself; the others wait for it, not for its lock', async () => {
  const folder = temporaryFolder()
  const holder = new Child({ name: 'hold', folder, key: 'the-key' })
  await holder.ready
  holder.process.send('acquired')
  await until(() => holder.said.length > 0, 'it holds')
  holder.process.kill('SIGKILL')
  await holder.ended
  expect((await fileTokenStore(folder).acquire('the-key', ask({ holder: 'b' }))).kind).toBe('wait')
})

const KILLS = whole(50)

test(`${KILLS} processes killed at random: nothing is lost, nobody is held up`, async () => {
  const AT_ONCE = 3
  const folder = temporaryFolder()
  const keys = ['one', 'two', 'three']
  const tokens = fileTokenStore(folder)
  const connections = fileConnectionStore(folder)
  const children: Child[] = []
  let killed = 0
  let longestMs = 0
  let diedHolding = 0
  let running = true

  const killer = async () => {
    // Some must die with a lock in their hands; on a slow machine it may take more of them.
    while (killed < KILLS || (diedHolding === 0 && killed < 10 * KILLS)) {
      killed += 1
      const child = new Child({ name: 'loop', folder, keys, index: children.length })
      children.push(child)
      await child.ready
      child.process.send('acquired')
      await until(() => child.said.length > 0 || child.process.exitCode !== null, 'it works')
      await sleep(Math.random() * 40)
      child.process.kill('SIGKILL')
      await child.ended
      const pid = `-${child.process.pid}-`
      if (locks(folder).some((owner) => owner.includes(pid))) diedHolding += 1
    }
  }
  const survivor = async () => {
    const seen = new Map<string, number>()
    for (let round = 0; running; round++) {
      const key = keys[round % keys.length] ?? ''
      const from = performance.now()
      const { version } = await connections.put(connection(key))
      const token = (await tokens.inspect(key))?.token
      await tokens.acquire(
        key,
        ask({ holder: `survivor:${round}`, minGeneration: Number.MAX_SAFE_INTEGER / 2, leaseMs: 1 }),
      )
      longestMs = Math.max(longestMs, performance.now() - from)
      expect(version).toBeGreaterThan(seen.get(`version ${key}`) ?? 0)
      expect(token?.generation ?? Number.MAX_SAFE_INTEGER).toBeGreaterThanOrEqual(
        seen.get(`generation ${key}`) ?? 0,
      )
      seen.set(`version ${key}`, version)
      if (token) seen.set(`generation ${key}`, token.generation)
      await sleep(1)
    }
  }
  const lateness = latenessMs()
  const surviving = survivor()
  await Promise.all(Array.from({ length: AT_ONCE }, killer))
  running = false
  await surviving

  expect(longestMs).toBeLessThan(LOCK_WAIT_MS + lateness())
  const said = children.flatMap((child) => child.said)
  expect(said.length).toBeGreaterThanOrEqual(KILLS)
  expect(diedHolding).toBeGreaterThan(0)
  expect(said.filter((message) => 'failed' in message)).toEqual([])
  for (const key of keys) {
    const versions = said.filter(({ id }) => id === key).map(({ version }) => Number(version))
    expect(new Set(versions).size).toBe(versions.length)
    expect((await connections.get(key))?.version).toBeGreaterThanOrEqual(Math.max(0, ...versions))
    const generations = said
      .filter((message) => message.key === key)
      .map((message) => Number(message.generation))
    expect(new Set(generations).size).toBe(generations.length)
    expect((await tokens.inspect(key))?.token?.generation ?? 0).toBeGreaterThanOrEqual(
      Math.max(0, ...generations),
    )
  }
  // A new store clears away what the killed ones left.
  const next = fileTokenStore(folder)
  const nextConnections = fileConnectionStore(folder)
  for (const key of keys) {
    await next.invalidate(key)
    await nextConnections.put(connection(key))
  }
  expect(filesIn(folder).filter((file) => !file.endsWith('.json'))).toEqual([])
})

test(`${CROWD} processes that ask all the time: one refresh per expiry, and no failure`, async () => {
  const LIFE_MS = 3_000
  const emulator = await startEmulator({ speed: 1_200 })
  try {
    const options = {
      clientId: emulator.clientId,
      clientSecret: emulator.clientSecret,
      refreshToken: emulator.refreshToken,
      accountsUrl: emulator.accountsUrl,
      budget: { limit: 10, windowMs: 500 },
      encryptionKeys: [`k1:${Buffer.alloc(32, 7).toString('base64')}`],
    }
    const folder = temporaryFolder()
    const from = performance.now()
    const answers = await runAll(CROWD, { name: 'engine', folder, options, rounds: 60 })
    const lives = (performance.now() - from) / LIFE_MS
    expect(answers.flatMap(({ faults, failed }) => faults ?? failed)).toEqual([])
    const { tokensIssued, throttled } = emulator.counters
    expect(throttled).toBe(0)
    expect(tokensIssued).toBeGreaterThanOrEqual(2)
    // A refresh starts up to a fifth of a life ahead, and nobody may have asked for the last one.
    expect(tokensIssued).toBeLessThanOrEqual(Math.ceil(lives * 1.25) + 1)
    const seen = new Set(answers.flatMap(({ values }) => values as number[]))
    expect(tokensIssued - seen.size).toBeLessThanOrEqual(1)
  } finally {
    await emulator.close()
  }
})

test('a lock of a living process that does not let go is taken over', async () => {
  const folder = temporaryFolder()
  const tokens = fileTokenStore(folder)
  await tokens.invalidate('the-key')
  const [data = ''] = filesIn(folder, '.json')
  symlinkSync(newOwner(thisProcess()), data.replace('.json', '.lock'))
  const lateness = latenessMs()
  const from = performance.now()
  expect((await tokens.acquire('the-key', ask())).kind).toBe('acquired')
  expect(performance.now() - from).toBeLessThan(LOCK_WAIT_MS + lateness())
  expect(filesIn(folder, '.lock')).toEqual([])
})
