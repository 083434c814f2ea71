import { describe, expect, test } from '@jest/globals'
import { type Connection, type ConnectionStore, memoryConnectionStore } from '@zoho-auth/core'
import { connection, emulate, engine } from './support.js'

const KEY = `k1:${Buffer.alloc(32, 1).toString('base64')}`

/** What a store does after its first connection. */
type Trouble = (store: ConnectionStore) => AsyncIterable<Connection>

const fails: Trouble = async function* (store) {
  yield* store.list()
  throw new Error('connection reset')
}

const neverEnds: Trouble = (store) => {
  const rows = store.list()[Symbol.asyncIterator]()
  return {
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        const step = await rows.next()
        return step.done === true ? new Promise(() => {}) : step
      },
    }),
  }
}

async function withTrouble(trouble: Trouble) {
  const emulator = await emulate()
  const inner = memoryConnectionStore([connection('ada', emulator.refreshToken)])
  const connections: ConnectionStore = { ...inner, durable: true, list: () => trouble(inner) }
  return engine(emulator, { connections, encryptionKeys: [KEY], timeoutMs: 100, logger: { warn: () => {} } })
}

// Errors of drivers came through as they were, and a store that fell silent was waited for without end.
describe.each([
  ['fails', fails, 'connection reset'],
  ['falls silent', neverEnds, 'did not answer within 100 ms'],
] as const)('a connection store that %s while it is listed', (_what, trouble, detail) => {
  const error = { code: 'ERR_ZOHO_STORE', cause: { message: expect.stringContaining(detail) } }

  test('ends revokeAll with ERR_ZOHO_STORE', async () => {
    const zoho = await withTrouble(trouble)
    await expect(zoho.revokeAll({ where: () => false })).rejects.toMatchObject(error)
  })

  test('ends rotateKeys with ERR_ZOHO_STORE', async () => {
    const zoho = await withTrouble(trouble)
    await expect(zoho.rotateKeys()).rejects.toMatchObject(error)
  })
})

test('one connection that takes too long to be sealed anew is reported, and the others go on', async () => {
  const emulator = await emulate()
  const inner = memoryConnectionStore([connection('ada', 'grant-a'), connection('bob', 'grant-b')])
  const connections: ConnectionStore = {
    ...inner,
    durable: true,
    get: (id) => (id === 'ada' ? new Promise(() => {}) : inner.get(id)),
  }
  const zoho = engine(emulator, { connections, encryptionKeys: [KEY], plaintext: true, timeoutMs: 100 })
  expect(await zoho.rotateKeys()).toEqual({
    seen: 2,
    rotated: 1,
    failed: [{ connection: 'ada', code: 'ERR_ZOHO_STORE' }],
  })
})
