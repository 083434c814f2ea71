import { execFile } from 'node:child_process'
import { setImmediate as setImmediately } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { inspect, promisify } from 'node:util'
import { expect, jest, test } from '@jest/globals'
import { sealedConnectionStore } from '@zoho-auth/core'
import { startEmulator } from '@zoho-auth/emulator'
import { until } from '../../../checks/support/waiting.mjs'
import { migrate, openStores, postgresConnectionStore, postgresTokenStore } from '../src/index.js'
import {
  acquired,
  ask,
  database,
  freshSchema,
  isWaitedFor,
  onPostgres,
  openPool,
  url,
  whileLocked,
} from './support.js'

const PASSWORD = 'the-pass-word'

test.each([
  ['not a URL', PASSWORD],
  ['another protocol', `https://user:${PASSWORD}@127.0.0.1/db`],
  ['no host at all', 'postgres//127.0.0.1'],
  ['a bare # in the password', `postgres://user:12#${PASSWORD}@127.0.0.1/db`],
  ['a bare ? in the password', `postgres://user:12?${PASSWORD}@127.0.0.1/db`],
  ['a bare / in the password', `postgres://user:12/${PASSWORD}@127.0.0.1/db`],
  ['a bare % in the password', `postgres://user:%zz${PASSWORD}@127.0.0.1/db`],
  ['a schema that cannot be one', `postgres://user:${PASSWORD}@127.0.0.1/db?schema=A-B`],
])('a URL with %s is refused at once, and not shown', (_, wrong) => {
  let thrown: unknown
  try {
    openStores(wrong)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(TypeError)
  expect(inspect(thrown, { depth: 9, showHidden: true }).split('\n    at ')[0]).not.toContain(PASSWORD)
})

test('nothing is opened before the first use, and closing what was never used is fine', async () => {
  const stores = openStores('postgresql://nobody@127.0.0.1:1/none')
  await stores.close()
  await stores.close()
  await expect(stores.tokens.acquire('key', ask())).rejects.toThrow('the store is closed')
})

test('a server that is not there is an error without the password', async () => {
  const stores = openStores(`postgres://user:${PASSWORD}@127.0.0.1:1/db`)
  const error = await stores.connections.get('id').catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'ECONNREFUSED' })
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(PASSWORD)
  await stores.close()
})

test('without the package pg the error says how to install it', async () => {
  jest.resetModules()
  jest.unstable_mockModule('pg', () => {
    throw Object.assign(new Error("Cannot find package 'pg'"), { code: 'ERR_MODULE_NOT_FOUND' })
  })
  const fresh = (await import('../src/open-stores.js')) as { openStores: typeof openStores }
  const stores = fresh.openStores('postgres://127.0.0.1/db')
  await expect(stores.tokens.inspect('key')).rejects.toThrow(/npm install pg/)
  await stores.close()
  jest.unstable_unmockModule('pg')
})

onPostgres('on a server', () => {
  const shared = database()

  test('it uses the schema of the URL, keeps other parameters, and ends its connections', async () => {
    const schema = freshSchema()
    const pool = openPool({ max: 1 })
    const connected = async () =>
      (
        await pool.query('select count(*)::int as n from pg_stat_activity where application_name = $1', [
          schema,
        ])
      ).rows[0].n
    const stores = openStores(`${url}?schema=${schema}&application_name=${schema}`)
    await expect(stores.tokens.acquire('key', ask())).rejects.toThrow(
      `migrate(pool, { schema: '${schema}' })`,
    )
    await migrate(pool, { schema })
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => stores.tokens.acquire(`key-${index}`, ask())),
    )
    expect(results.filter(({ kind }) => kind === 'acquired')).toHaveLength(20)
    expect(await connected()).toBeGreaterThan(0)
    expect(await connected()).toBeLessThanOrEqual(4)
    await stores.close()
    await until(async () => (await connected()) === 0)
    await pool.query(`drop schema ${schema} cascade`)
    await pool.end()
  })

  test('a connection that the server ends is replaced', async () => {
    const name = freshSchema()
    const pool = openPool({ max: 1 })
    await migrate(pool, { schema: name })
    const stores = openStores(`${url}?schema=${name}&application_name=${name}`)
    await stores.tokens.inspect('key')
    await pool.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [
      name,
    ])
    await until(async () => {
      const { rows } = await pool.query('select from pg_stat_activity where application_name = $1', [name])
      return rows.length === 0
    })
    // The server tells its client before it forgets it: whatever has arrived by now is read in these turns.
    for (let lease = 0; lease < 2; lease++) await setImmediately()
    expect((await stores.tokens.acquire('key', ask())).kind).toBe('acquired')
    await stores.close()
    await pool.query(`drop schema ${name} cascade`)
    await pool.end()
  })

  // As with Redis, where an open connection kept a process alive for ever that had nothing left to do.
  test('a process that never closes its stores ends by itself once its engine has nothing left to do', async () => {
    const { schema } = shared
    const emulator = await startEmulator()
    const encryptionKeys = [`k1:${Buffer.alloc(32, 1).toString('base64')}`]
    const { clientId, clientSecret, accountsUrl, refreshToken } = emulator
    const connections = postgresConnectionStore(shared.pool, { schema })
    await sealedConnectionStore(connections, { encryptionKeys }).put({
      id: 'acme',
      refreshToken,
      dataCenter: 'us',
      state: 'active',
      version: 0,
      createdAt: 1,
      updatedAt: 1,
    })
    const options = { clientId, clientSecret, accountsUrl, encryptionKeys }
    expect(await child({ name: 'engine', url: `${url}?schema=${schema}`, options })).toBe('a token')
    await emulator.close()
  })

  test('a process that never closes its stores finishes a write that is under way', async () => {
    const { pool, schema } = shared
    const tokens = postgresTokenStore(pool, { schema })
    const lease = await acquired(tokens, 'key')
    const said = await whileLocked(pool, `${schema}.zoho_auth_tokens`, 'key', async (end, pid) => {
      const saying = child({ name: 'write', url: `${url}?schema=${schema}`, ask: lease })
      await Promise.race([until(() => isWaitedFor(pool, pid), 'the write waits'), saying])
      await end()
      return saying
    })
    expect(said).toBe('written')
    expect((await tokens.inspect('key'))?.token?.value).toBe('the-token')
  })
})

/** What a process says that ends by itself. One that does not is killed after a minute. */
async function child(job: Record<string, unknown>): Promise<string> {
  const script = fileURLToPath(new URL('child.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(job)], {
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  return stdout.trim()
}
