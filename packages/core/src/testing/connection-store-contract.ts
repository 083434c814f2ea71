import type { ConnectionStore } from '../stores/ports.js'
import type { Connection } from '../words/connection.js'
import { freshKey, type Open, type TestFunction, withStore } from './contract.js'

/** Writers at once. */
const CROWD = 16

/**
 * The rules of `ConnectionStore`, as tests for any store.
 *
 * @param test The `test` function of the runner.
 * @param open Opens the store; called once per test. Each test uses ids of its own, so a shared database is fine.
 */
export function connectionStoreContract(test: TestFunction, open: Open<ConnectionStore>): void {
  const rule = (name: string, run: (store: ConnectionStore, id: string) => Promise<void>) =>
    test(`connection store: ${name}`, () => withStore(open, (store) => run(store, freshKey('contract'))))

  rule('what is not there is undefined', async (store, id) => {
    same(await store.get(id), undefined)
  })

  rule('what was put comes back whole, with version 1', async (store, id) => {
    const connection = sample(id)
    const written = await store.put(connection)
    same(JSON.stringify(sorted(written)), JSON.stringify(sorted({ ...connection, version: 1 })))
    same(JSON.stringify(sorted(await store.get(id))), JSON.stringify(sorted(written)))
  })

  rule(
    'an organisation comes back without a refresh token, and a revoked connection with neither',
    async (store, id) => {
      const { refreshToken: _, state: __, ...fields } = sample(id)
      for (const row of [
        { ...fields, soid: 'ZohoRecruit.600', state: 'active' } as const,
        { ...fields, state: 'revoked' } as const,
      ]) {
        const written = await store.put(row)
        same(JSON.stringify(sorted(await store.get(id))), JSON.stringify(sorted(written)))
        same(written.refreshToken, undefined)
        same(written.soid, 'soid' in row ? row.soid : undefined)
        same('refreshToken' in written, false)
      }
    },
  )

  rule('each write adds one to the version', async (store, id) => {
    await store.put(sample(id))
    const second = await store.put({ ...sample(id), label: 'second' })
    same(second.version, 2)
    same((await store.get(id))?.label, 'second')
  })

  rule('a write for another version is refused and changes nothing', async (store, id) => {
    await store.put(sample(id))
    await store.put({ ...sample(id), label: 'winner' })
    same(await codeOf(store.put({ ...sample(id), label: 'loser' }, { ifVersion: 1 })), 'ERR_ZOHO_CONFLICT')
    same((await store.get(id))?.label, 'winner')
  })

  rule('version 0 means: only if there is none', async (store, id) => {
    same((await store.put(sample(id), { ifVersion: 0 })).version, 1)
    same(await codeOf(store.put(sample(id), { ifVersion: 0 })), 'ERR_ZOHO_CONFLICT')
    same(await codeOf(store.put(sample(`${id}-none`), { ifVersion: 3 })), 'ERR_ZOHO_CONFLICT')
  })

  rule('of many writers for one version exactly one wins', async (store, id) => {
    await store.put(sample(id))
    const codes = await Promise.all(
      Array.from({ length: CROWD }, (_, writer) =>
        codeOf(store.put({ ...sample(id), label: `writer ${writer}` }, { ifVersion: 1 })),
      ),
    )
    same(codes.filter((code) => code === undefined).length, 1)
    same((await store.get(id))?.version, 2)
  })

  rule('optional fields that are absent stay absent', async (store, id) => {
    const { scopes: _, label: __, environment: ___, userId: _4, replaced: _5, ...bare } = sample(id)
    await store.put(bare)
    const got = await store.get(id)
    same(got?.label, undefined)
    same(got?.scopes, undefined)
    same(got?.environment, undefined)
    same(got?.replaced, undefined)
    same('soid' in (got ?? {}) || 'userId' in (got ?? {}), false)
  })

  rule('what the caller does to its object afterwards changes nothing', async (store, id) => {
    const connection = { ...sample(id) }
    await store.put(connection)
    ;(connection as { label?: string }).label = 'changed'
    same((await store.get(id))?.label, sample(id).label)
  })

  rule('delete removes, and does nothing where there is nothing', async (store, id) => {
    await store.put(sample(id))
    await store.delete(id)
    await store.delete(id)
    same(await store.get(id), undefined)
  })

  rule('list gives every connection once', async (store, id) => {
    const ids = Array.from({ length: 25 }, (_, index) => `${id}-${index}`)
    for (const one of ids) await store.put(sample(one))
    const seen: string[] = []
    for await (const connection of store.list()) if (connection.id.startsWith(id)) seen.push(connection.id)
    same(seen.sort().join(), ids.sort().join())
  })
}

function sample(id: string): Connection & { readonly refreshToken: string } {
  return {
    id,
    refreshToken: 'the-refresh-token',
    dataCenter: 'eu',
    environment: 'sandbox',
    scopes: ['ZohoRecruit.modules.ALL'],
    state: 'active',
    version: 0,
    createdAt: 1_800_000_000_000,
    updatedAt: 1_800_000_000_001,
    label: 'Ada’s "Recruit" ☃',
    userId: '600123',
    replaced: [
      { refreshToken: 'an-older-one', dataCenter: 'in', scopes: ['ZohoRecruit.modules.ALL'], revokeAt: 1 },
      { refreshToken: 'one-in-between', dataCenter: 'eu', userId: '600124', label: 'Grace', revokeAt: 2 },
    ],
  }
}

function sorted(connection: Connection | undefined): unknown {
  return connection && Object.fromEntries(Object.entries(connection).sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error)
  }
}

function same(got: unknown, want: unknown): void {
  if (!Object.is(got, want))
    throw new Error(`expected ${JSON.stringify(want)} and got ${JSON.stringify(got)}`)
}
