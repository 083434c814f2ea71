import { commandsOf, type RedisClientLike, type Send } from './client.js'
import { textOf } from './script.js'

/**
 * What about this server is dangerous for tokens and connections, as sentences for the operator; empty if nothing is.
 * Asks `INFO` on every master.
 *
 * @throws RedisFault if the server cannot be reached. A user who may not call `INFO` is told as a sentence.
 */
export async function checkRedis(client: RedisClientLike): Promise<readonly string[]> {
  const nodes = await commandsOf(client).nodes()
  const warnings = await Promise.all(nodes.map(checkNode))
  return [...new Set(warnings.flat())]
}

async function checkNode(send: Send): Promise<readonly string[]> {
  let info: ReadonlyMap<string, string>
  try {
    info = parsed(textOf(await send(['INFO'])))
  } catch (error) {
    if (!(error as Error).message.startsWith('NOPERM')) throw error
    return ['INFO is not allowed to this user: eviction, durability and role were not checked']
  }
  return CHECKS.flatMap((check) => check(info) ?? [])
}

const CHECKS: readonly ((info: ReadonlyMap<string, string>) => string | undefined)[] = [
  (info) => {
    const policy = info.get('maxmemory_policy') ?? 'noeviction'
    if (policy === 'noeviction') return undefined
    // Keys of tokens have an expiry, keys of connections have none.
    const what = policy.startsWith('volatile-') ? 'leases and budgets' : 'leases, budgets and connections'
    return `maxmemory-policy is ${policy}: ${what} can be evicted; set noeviction`
  },
  (info) =>
    info.get('aof_enabled') === '0'
      ? 'appendonly is no: connections written since the last snapshot are lost when the server stops; set appendonly yes where connections are kept here'
      : undefined,
  (info) =>
    info.get('role') === 'slave'
      ? 'this server is a replica: it refuses every write; connect to the primary'
      : undefined,
]

function parsed(info: string): ReadonlyMap<string, string> {
  const lines = info.split(/\r?\n/).filter((line) => line.includes(':'))
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}
