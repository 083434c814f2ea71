import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from '@jest/globals'
import type { Connection } from '@zoho-auth/core'
import { ManualClock } from '@zoho-auth/core/testing'
import { fileConnectionStore, fileTokenStore, openStores } from '@zoho-auth/store-file'
import { QUICK } from '../../../checks/support/form.mjs'
import { newOwner, stateOf, thisProcess } from '../src/owner.js'
import { RecordFolder } from '../src/record-folder.js'
import { acquired, ask, Child, connection, filesIn, LONG_MS, runAll, temporaryFolder } from './support.js'

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)

/** Everything a process can be asked to do badly wrong with. */
const ODD_KEYS = [
  '',
  '..',
  '../../etc/passwd',
  '/etc/passwd',
  'a/b\\c',
  'nul',
  'CON',
  '☃𝄞',
  ' ',
  '\n\0',
  'x'.repeat(5_000),
]

test.each([{ umask: '000' }, { umask: '022' }, { umask: '077' }, { umask: '777' }])(
  'under umask $umask the folder is 0700 and files are 0600',
  async ({ umask }) => {
    const folder = join(temporaryFolder(), 'new')
    const [answer] = await runAll(1, { name: 'umask', folder, umask: Number.parseInt(umask, 8) })
    expect(answer).toEqual({ value: 'the-token' })
    const files = filesIn(folder)
    expect(files).toHaveLength(2)
    for (const file of files) {
      expect(modeOf(file)).toBe('600')
      expect(modeOf(dirname(file))).toBe('700')
      expect(modeOf(dirname(dirname(file)))).toBe('700')
    }
    expect(modeOf(folder)).toBe('700')
  },
)

test('a folder that was there keeps its mode; what is inside is tightened', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'tokens'))
  chmodSync(folder, 0o755)
  chmodSync(join(folder, 'tokens'), 0o777)
  await acquired(fileTokenStore(folder), 'the-key')
  expect(modeOf(folder)).toBe('755')
  expect(modeOf(join(folder, 'tokens'))).toBe('700')
})

// Yarn's Plug'n'Play puts file handles of its own in the place of Node's, and they have no `sync`.
test('a row is written where file handles cannot be synced by themselves', async () => {
  const folder = temporaryFolder()
  const handle = await open(folder, 'r')
  const prototype = Object.getPrototypeOf(handle)
  const { sync } = prototype
  await handle.close()
  prototype.sync = () => {
    throw new Error('sync is not implemented')
  }
  try {
    const store = fileConnectionStore(folder)
    await store.put(connection('acme'))
    expect((await store.get('acme'))?.id).toBe('acme')
  } finally {
    prototype.sync = sync
  }
})

test('nothing is made before the first write', async () => {
  const folder = join(temporaryFolder(), 'new')
  const stores = openStores(pathToFileURL(folder).href)
  const { tokens, connections } = stores
  expect(await tokens.inspect('the-key')).toBeUndefined()
  expect(await connections.get('acme')).toBeUndefined()
  for await (const one of connections.list()) throw new Error(`not expected: ${one.id}`)
  await connections.delete('acme')
  await stores.close()
  expect(existsSync(folder)).toBe(false)
})

test('both stores share a folder, and the same key is two records', async () => {
  const folder = temporaryFolder()
  const tokens = fileTokenStore(folder)
  const connections = fileConnectionStore(folder)
  expect([tokens.durable, connections.durable]).toEqual([true, true])
  await connections.put(connection('acme'))
  await tokens.commit('acme', await acquired(tokens, 'acme'), 'the-token', LONG_MS)
  expect((await connections.get('acme'))?.refreshToken).toBe('the-refresh-token')
  expect((await tokens.inspect('acme'))?.token?.value).toBe('the-token')
})

test('any key is a safe name, and shows in none', async () => {
  const folder = temporaryFolder()
  const tokens = fileTokenStore(folder)
  const connections = fileConnectionStore(folder)
  for (const key of ODD_KEYS) {
    await tokens.commit(key, await acquired(tokens, key), `token of ${key}`, LONG_MS)
    await connections.put(connection(key))
  }
  for (const key of ODD_KEYS) {
    expect((await tokens.inspect(key))?.token?.value).toBe(`token of ${key}`)
    expect((await connections.get(key))?.id).toBe(key)
  }
  const ids: string[] = []
  for await (const { id } of connections.list()) ids.push(id)
  expect(ids.sort()).toEqual([...ODD_KEYS].sort())
  for (const file of filesIn(folder))
    expect(relative(folder, file)).toMatch(/^(tokens|connections)\/[0-9a-f]{2}\/[0-9a-f]{64}\.json$/)
})

const DAMAGES: Record<string, (file: string) => void> = {
  empty: (file) => truncateSync(file, 0),
  'half written': (file) => truncateSync(file, Math.floor(statSync(file).size / 2)),
  'full of zeros': (file) => writeFileSync(file, Buffer.alloc(200)),
  'no object': (file) => writeFileSync(file, '[1]'),
  null: (file) => writeFileSync(file, 'null'),
  'of another shape': (file) => edit(file, (record) => ({ format: record.format, key: record.key })),
  'of another key': (file) => edit(file, (record) => ({ ...record, key: 'another' })),
  'of a format before the first': (file) => edit(file, (record) => ({ ...record, format: 0 })),
  'of a newer format': (file) => edit(file, (record) => ({ ...record, format: 2 })),
}

function edit(file: string, change: (record: Record<string, unknown>) => unknown): void {
  writeFileSync(file, JSON.stringify(change(JSON.parse(readFileSync(file, 'utf8')))))
}

test.each(Object.keys(DAMAGES))(
  'a token file that is %s is named, left alone, and harms no other key',
  async (how) => {
    const folder = temporaryFolder()
    const store = fileTokenStore(folder)
    const lease = await acquired(store, 'harmed')
    await store.commit('harmed', lease, 'the-token', LONG_MS)
    const [file = ''] = filesIn(folder)
    DAMAGES[how]?.(file)
    const before = readFileSync(file)
    for (const call of [
      () => store.acquire('harmed', ask()),
      () => store.commit('harmed', lease, 'the-token', LONG_MS),
      () => store.release('harmed', lease),
      () => store.invalidate('harmed'),
      () => store.inspect('harmed'),
    ])
      await expect(call()).rejects.toThrow(file)
    expect(readFileSync(file)).toEqual(before)
    expect(filesIn(folder)).toEqual([file])
    await acquired(store, 'sound')
  },
)

test('a newer format is called by its number', async () => {
  const folder = temporaryFolder()
  const store = fileConnectionStore(folder)
  await store.put(connection('acme'))
  const [file = ''] = filesIn(folder)
  DAMAGES['of a newer format']?.(file)
  await expect(store.put(connection('acme'))).rejects.toThrow(/newer version .*format 2, this one reads 1/)
  await expect(store.delete('acme')).rejects.toThrow(file)
})

test('a list gives all that can be read, and then names what cannot', async () => {
  const folder = temporaryFolder()
  const store = fileConnectionStore(folder)
  for (let index = 0; index < 40; index++) await store.put(connection(`c${index}`))
  const files = filesIn(folder)
  const listed = async () => {
    const ids: string[] = []
    try {
      for await (const { id } of store.list()) ids.push(id)
      return { ids, fault: undefined }
    } catch (error) {
      return { ids, fault: String(error) }
    }
  }
  expect((await listed()).ids).toHaveLength(40)
  truncateSync(files[3] ?? '', 10)
  const one = await listed()
  expect(one.ids).toHaveLength(39)
  expect(one.fault).toContain(files[3])
  // A record in another's place is not believed either.
  renameSync(files[5] ?? '', files[6] ?? '')
  const two = await listed()
  expect(two.ids).toHaveLength(37)
  expect(two.fault).toContain('2 records cannot be read')
})

test('a file in place of the folder is an error that names it', async () => {
  const place = join(temporaryFolder(), 'place')
  writeFileSync(place, '')
  const { tokens, connections } = openStores(`file:${place}`)
  await expect(tokens.acquire('the-key', ask())).rejects.toThrow(place)
  await expect(connections.put(connection('acme'))).rejects.toThrow(place)
})

test('where nothing may be written, what is stored is still handed out, and a write names the folder', async () => {
  const folder = temporaryFolder()
  const store = fileTokenStore(folder)
  await store.commit('known', await acquired(store, 'known'), 'the-token', LONG_MS)
  const root = process.getuid?.() === 0
  // Root ignores modes: it gives the files to nobody, and becomes nobody.
  for (const file of filesIn(folder)) chmodSync(file, 0o444)
  for (const path of [...new Set(filesIn(folder).map(dirname)), join(folder, 'tokens'), folder])
    chmodSync(path, 0o555)
  const [answer] = await runAll(1, { name: 'stranger', folder, uid: root ? 65_534 : undefined })
  for (const path of [folder, join(folder, 'tokens'), ...filesIn(folder).map(dirname)]) chmodSync(path, 0o700)
  expect(answer).toMatchObject({ kind: 'hit' })
  expect(String(answer?.written)).toContain(`the folder ${folder}`)
  expect(String(answer?.written)).toMatch(/cannot be written .*(EACCES|EPERM)/)
})

test('a folder that is deleted while in use is made again', async () => {
  const folder = join(temporaryFolder(), 'new')
  const store = fileTokenStore(folder)
  await acquired(store, 'the-key')
  rmSync(folder, { recursive: true })
  await acquired(store, 'the-key')
})

test('what killed processes left is cleared away by the next write', async () => {
  const folder = temporaryFolder()
  const child = new Child({ name: 'acquire', folder, keys: [], index: 0 })
  await child.ready
  const dead = newOwner({ ...thisProcess(), pid: child.process.pid ?? 0 })
  child.process.kill('SIGKILL')
  await child.ended
  await acquired(fileTokenStore(folder), 'the-key')
  const [data = ''] = filesIn(folder)
  const stem = data.replace('.json', '')
  const alive = `${stem}.${newOwner(thisProcess())}.tmp`
  const old = `${stem}.${newOwner(thisProcess())}.tmp`
  for (const file of [alive, old, `${stem}.${dead}.tmp`]) writeFileSync(file, 'half')
  utimesSync(old, 1, 1)
  symlinkSync(dead, `${stem}.lock~0123456789abcdef`)
  symlinkSync(dead, `${stem}.lock~0123456789abcdef~fedcba9876543210`)
  await fileTokenStore(folder).invalidate('the-key')
  expect(filesIn(folder).map((file) => basename(file))).toEqual(
    expect.arrayContaining([basename(data), basename(alive)]),
  )
  await fileTokenStore(folder).invalidate('the-key')
  expect(filesIn(folder)).toHaveLength(2)
})

test('who lost the lock cannot write any more, and starts again', async () => {
  const folder = temporaryFolder()
  const records = new RecordFolder<{ readonly count: number }>(folder, 'counts', {
    encode: (record) => ({ ...record }),
    decode: ({ count }) => ({ count: Number(count) }),
  })
  await records.change('the-key', () => ({ answer: undefined, write: { count: 1 } }))
  let calls = 0
  const answer = await records.change('the-key', (record) => {
    calls += 1
    const count = (record?.count ?? 0) + 1
    // The second call is the one under the lock: somebody takes it over, and writes.
    if (calls === 2) {
      for (const file of filesIn(folder, '.tmp')) unlinkSync(file)
      const [data = ''] = filesIn(folder, '.json')
      edit(data, (record) => ({ ...record, count: 10 }))
    }
    return { answer: count, write: { count } }
  })
  expect(answer).toBe(11)
  expect(calls).toBe(3)
  expect(await records.read('the-key')).toEqual({ count: 11 })
  expect(filesIn(folder)).toHaveLength(1)
})

test('what a decision throws leaves nothing behind', async () => {
  const folder = temporaryFolder()
  const store = fileConnectionStore(folder)
  await store.put(connection('acme'))
  await expect(store.put(connection('acme'), { ifVersion: 9 })).rejects.toMatchObject({
    code: 'ERR_ZOHO_CONFLICT',
    connection: 'acme',
  })
  expect(filesIn(folder)).toHaveLength(1)
})

test('what the caller changes while its write waits is not written', async () => {
  const store = fileConnectionStore(temporaryFolder())
  const mine: Connection & { label?: string } = connection('acme')
  const writing = store.put(mine)
  mine.label = 'changed'
  await writing
  expect((await store.get('acme'))?.label).toBeUndefined()
})

const slow = QUICK ? test.skip : test

// A consent under way is a token record of its own: each visit of a page left a file for ever.
slow('a thousand visits leave a bounded number of files, and what still matters of a grant', async () => {
  const folder = temporaryFolder()
  const clock = new ManualClock()
  const store = fileTokenStore(folder, { clock })
  const budget = { limit: 8, windowMs: 24 * LONG_MS }
  await store.release('grant', await acquired(store, 'grant', { budget }), {
    cooldown: { reason: 'throttled', ms: 24 * LONG_MS },
  })
  let most = 0
  for (let visit = 0; visit < 1_000; visit++) {
    const lease = await acquired(store, `state ${visit}`, { leaseMs: 10_000 })
    await store.commit(`state ${visit}`, lease, 'a pending consent', 600_000)
    clock.jump(60_000)
    if (visit % 50 === 49) most = Math.max(most, filesIn(folder).length)
  }
  // 60 of an hour, and what comes while 256 folders are looked through, at two writes a visit.
  expect(most).toBeLessThan(60 + 128 + 60)
  expect(await store.inspect('grant')).toMatchObject({ used: 1, cooldown: { reason: 'throttled' } })
})

test('a write leaves old records alone that cannot be read or are being changed', async () => {
  const folder = temporaryFolder()
  const clock = new ManualClock()
  await fileTokenStore(folder, { clock }).invalidate('locked')
  const [locked = ''] = filesIn(folder)
  await fileTokenStore(folder, { clock }).invalidate('damaged')
  const damaged = filesIn(folder).find((file) => file !== locked) ?? ''
  DAMAGES['of another key']?.(damaged)
  symlinkSync(newOwner(thisProcess()), locked.replace('.json', '.lock'))
  clock.jump(2 * LONG_MS)
  const store = fileTokenStore(folder, { clock })
  for (let write = 0; write < 256; write++) await store.invalidate('the-key')
  expect(filesIn(folder, '.json')).toEqual(expect.arrayContaining([locked, damaged]))
  unlinkSync(locked.replace('.json', '.lock'))
  for (let write = 0; write < 256; write++) await store.invalidate('the-key')
  expect(filesIn(folder, '.json')).not.toContain(locked)
})

const onLinux = process.platform === 'linux' ? test : test.skip

onLinux.each([
  { what: 'this one', owner: newOwner(thisProcess()), state: 'living' },
  {
    what: 'one that had its number before',
    owner: newOwner({ ...thisProcess(), start: '1' }),
    state: 'gone',
  },
  {
    what: 'one before the machine was started again',
    owner: newOwner({ ...thisProcess(), boot: 'another0' }),
    state: 'gone',
  },
  {
    what: 'one of another container',
    owner: newOwner({ ...thisProcess(), namespace: '1' }),
    state: 'unknown',
  },
  { what: 'one without a start', owner: newOwner({ ...thisProcess(), start: '' }), state: 'unknown' },
  {
    what: 'one whose number nobody has',
    owner: newOwner({ ...thisProcess(), pid: 2 ** 22 + 1 }),
    state: 'gone',
  },
  { what: 'other text', owner: 'of another kind', state: 'unknown' },
  { what: 'no text', owner: '', state: 'unknown' },
])('the owner of a lock, $what, is $state', ({ owner, state }) => {
  expect(stateOf(owner, thisProcess())).toBe(state)
})

test.each([
  '',
  'folder',
  'file:',
  'file://',
  'file://host/path',
  'file:./a?b',
  'file:./a#b',
  'file:%',
  'http://a/b',
])('"%s" names no folder', (url) => {
  expect(() => openStores(url)).toThrow('does not name a folder of this machine')
})

test('a relative URL counts from the working directory, and may be escaped', async () => {
  const folder = temporaryFolder()
  const url = `file:${relative(process.cwd(), folder)}/my%20folder`
  await openStores(url).connections.put(connection('acme'))
  expect(filesIn(join(folder, 'my folder'))).toHaveLength(1)
})

test.each([
  { what: 'nothing', folder: '' },
  { what: 'a number', folder: 1 },
  { what: 'undefined', folder: undefined },
  { what: 'a path with a zero in it', folder: 'a\0b' },
])('$what is refused as a folder at once', ({ folder }) => {
  expect(() => fileTokenStore(folder as string)).toThrow(TypeError)
  expect(() => fileConnectionStore(folder as string)).toThrow(TypeError)
})
