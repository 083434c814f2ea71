// A worker that takes jobs from a queue and looks candidates up in Zoho Recruit, for many tenants with one axios instance.
//
// With ZOHO_CLIENT_ID, ZOHO_CLIENT_SECRET, ZOHO_REFRESH_TOKEN (and ZOHO_DATA_CENTER) set it reads from Zoho, for the one
// connection 'default'; without them from an emulator of Zoho that it starts itself.

import { installZohoAuth } from '@zoho-auth/axios'
import { createZohoAuth, isZohoAuthError, type ZohoHandle } from '@zoho-auth/core'
import axios, { isAxiosError } from 'axios'
import { startEmulatorIfNeeded } from './pretend-zoho.js'

/** One thing to do: whose Zoho to ask, and whom to look for. */
interface Job {
  readonly tenant: string
  readonly candidate: string
}

/** Jobs done at the same time. */
const WORKERS = 2

const pretend = await startEmulatorIfNeeded()
const tenants = pretend?.tenants ?? ['default']
const auth = createZohoAuth(pretend?.options)

// From here on requests of this client that go to Zoho carry a valid token, and a relative URL is one of Recruit.
const client = axios.create({ timeout: 30_000 })
installZohoAuth(client, { auth, product: 'recruit' })

// A queue from your database, Redis or SQS; here it is an array.
const queue: Job[] = tenants.flatMap((tenant) => [
  { tenant, candidate: 'grace@example.com' },
  { tenant, candidate: 'alan@example.com' },
])

/** The job names its connection; nothing is taken from what happens to run around it. */
async function lookUp({ tenant, candidate }: Job): Promise<string> {
  const { data } = await client.get<{ data?: { Email: string; Last_Name: string }[] }>(
    '/recruit/v2/Candidates/search',
    { params: { email: candidate }, zoho: { connection: tenant } },
  )
  return data.data?.find(({ Email }) => Email === candidate)?.Last_Name ?? 'nobody'
}

async function work(): Promise<void> {
  for (let job = queue.shift(); job !== undefined; job = queue.shift())
    console.log(`${job.tenant}, ${job.candidate}: ${await lookUp(job).catch(reason)}`)
}

/** One job that fails must not take the others with it. Neither kind of message holds a token. */
function reason(error: unknown): string {
  process.exitCode = 1
  if (isZohoAuthError(error)) return `${error.code}, ${error.action}`
  if (isAxiosError(error)) return error.message
  throw error
}

await Promise.all(Array.from({ length: WORKERS }, work))

/** Without axios: a handle is all of the engine, bound to one connection, for code that should not have to choose. */
async function checkUp(zoho: ZohoHandle): Promise<string> {
  const answer = await zoho.fetch('/recruit/v2/Candidates?per_page=1', { product: 'recruit' })
  const { state, budgetLeft } = await zoho.status()
  return `answered ${answer.status}, ${state}, ${budgetLeft} new tokens left in this window`
}

for (const tenant of tenants)
  console.log(`${tenant}: ${await checkUp(auth.forConnection(tenant)).catch(reason)}`)

await auth.close()
await pretend?.emulator.close()
