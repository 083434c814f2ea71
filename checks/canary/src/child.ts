/** A program that uses Zoho and ends badly. Which way stands in its first argument, what it needs comes on standard input. */
import { Agent } from 'node:http'
import { createInterface } from 'node:readline'
import { installZohoAuth } from '@zoho-auth/axios'
import { createZohoAuth, memoryConnectionStore } from '@zoho-auth/core'
import axios from 'axios'
import type { ChildSettings } from './children.js'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const next = async (): Promise<string> => String((await lines.next()).value)
const before = { title: process.title, argv: [...process.argv], env: { ...process.env } }

const { clientId, clientSecret, accountsUrl, origin, tenants, warns } = JSON.parse(
  await next(),
) as ChildSettings
const connections = memoryConnectionStore(
  tenants.map(({ id, refreshToken, dataCenter }) => ({
    ...{ id, refreshToken, dataCenter, state: 'active' as const, version: 1, createdAt: 0, updatedAt: 0 },
  })),
)
const logger = warns ? {} : { logger: { warn() {} } }
const auth = createZohoAuth({
  clientId,
  clientSecret,
  accountsUrl,
  connections,
  timeoutMs: 50_000,
  maxWaitMs: 55_000,
  ...logger,
})
const client = axios.create({ baseURL: origin, httpAgent: new Agent({ keepAlive: true }) })
installZohoAuth(client, { auth })
const path = '/recruit/v2/Candidates'
const ask = (id: string | undefined): Promise<unknown> => client.get(path, { zoho: { connection: id ?? '' } })
const [own, other] = tenants.map(({ id }) => id)

/** How it ends, by name. */
const ENDINGS: Readonly<Record<string, () => unknown>> = {
  rejection: () => void ask(own),
  exception: () =>
    void ask(own).catch((error: unknown) =>
      setImmediate(() => {
        throw error
      }),
    ),
  'rejection of core': async () => {
    await auth.getToken({ connection: own })
  },
  printed: () =>
    void ask(own).catch((error: unknown) => {
      console.log(error, auth, client)
      console.error('failed: %o', error)
      console.table([error])
      process.emitWarning(error as Error)
      setTimeout(() => process.exit(), 50)
    }),
}

// Requests of another tenant are under way on the same agent when it ends.
ask(other).catch(() => {})
await next()
process.once('exit', () => {
  const env = Object.entries(process.env).filter(([name, value]) => before.env[name] !== value)
  console.log(JSON.stringify({ title: process.title, argv: process.argv, execArgv: process.execArgv, env }))
})
void ENDINGS[process.argv[2] ?? '']?.()
