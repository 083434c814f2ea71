import type {
  AcquireRequest,
  AcquireResult,
  Cooldown,
  CooldownReason,
  RefreshLease,
  ReleaseOptions,
  StoredToken,
  TokenRecord,
  TokenStore,
} from '@zoho-auth/core/store'
import { answers, ask } from './ask.js'
import { unreadableRow } from './faults.js'
import type { PostgresOptions, PostgresPool } from './pool.js'
import { type Tables, tablesIn } from './schema.js'
import { type TokenStatements, tokenStatements } from './token-statements.js'

/** Most rows that one call of {@link pruneTokens} deletes, so that it never holds locks for long (ten thousand). */
export const PRUNE_BATCH = 10_000

/** How long a row must have meant nothing before {@link pruneTokens} takes it, in milliseconds (seven days). */
const PRUNE_IDLE_MS = 7 * 86_400_000

/**
 * Keeps tokens in PostgreSQL, for every process that uses the same database. {@link migrate} makes the table.
 *
 * Each operation is one statement on one row and holds no connection between two of them; the time is the server's alone.
 * What it promises holds on the primary server: a failover to a replica that lags can lose the last answers, at the cost
 * of one more refresh.
 *
 * @param pool A `Pool` of `pg`, or anything with its `query`. It stays the caller's to close.
 * @throws TypeError for a schema name that cannot be one.
 */
export function postgresTokenStore(pool: PostgresPool, options: PostgresOptions = {}): TokenStore {
  return new PostgresTokenStore(pool, tablesIn(options.schema))
}

/**
 * Deletes rows that have meant nothing for seven days: no live token, lease, cooldown or counted attempt. Losing one costs
 * nothing but the memory that its grant was found dead. At most {@link PRUNE_BATCH} rows per call; rows in use are skipped.
 *
 * @returns How many were deleted.
 */
export async function pruneTokens(
  pool: PostgresPool,
  options: PostgresOptions & { readonly idleMs?: number } = {},
): Promise<number> {
  const tables = tablesIn(options.schema)
  const text = tokenStatements(tables).prune
  const [answer] = await answers(pool, tables, text, [options.idleMs ?? PRUNE_IDLE_MS, PRUNE_BATCH])
  return Number(answer?.rows ?? 0)
}

class PostgresTokenStore implements TokenStore {
  readonly durable = true
  readonly #pool: PostgresPool
  readonly #tables: Tables
  readonly #statements: TokenStatements

  constructor(pool: PostgresPool, tables: Tables) {
    this.#pool = pool
    this.#tables = tables
    this.#statements = tokenStatements(tables)
  }

  async acquire(
    key: string,
    { holder, minGeneration, leaseMs, budget }: AcquireRequest,
  ): Promise<AcquireResult> {
    const values = [holder, minGeneration, leaseMs, budget.limit, budget.windowMs]
    const answer = await this.#ask('acquire', key, values)
    switch (answer.kind) {
      case 'hit':
        return { kind: 'hit', token: this.#token(key, answer.token) }
      case 'cooldown':
        return { kind: 'cooldown', ...this.#cooldown(key, answer) }
      case 'wait':
        return { kind: 'wait', ms: this.#number(key, answer.ms) }
      default:
        return { kind: 'acquired', lease: this.#lease(key, answer) }
    }
  }

  async commit(
    key: string,
    lease: RefreshLease,
    value: string,
    lifeMs: number,
  ): Promise<StoredToken | undefined> {
    const answer = await this.#ask('commit', key, [lease.holder, lease.generation, value, lease.at, lifeMs])
    return answer.token ? this.#token(key, answer.token) : undefined
  }

  async release(
    key: string,
    lease: RefreshLease,
    { cooldown, unspent = false }: ReleaseOptions = {},
  ): Promise<void> {
    const values = [lease.holder, lease.generation, unspent, cooldown?.reason ?? null, cooldown?.ms ?? null]
    await this.#ask('release', key, values)
  }

  async invalidate(key: string, cooldown?: Cooldown): Promise<void> {
    await this.#ask('invalidate', key, [cooldown?.reason ?? null, cooldown?.ms ?? null])
  }

  async inspect(key: string): Promise<TokenRecord | undefined> {
    const answer = await this.#ask('inspect', key, [])
    if (answer.kind === 'none') return undefined
    return {
      token: answer.token ? this.#token(key, answer.token) : undefined,
      used: this.#number(key, answer.used),
      cooldown: answer.cooldown ? this.#cooldown(key, answer.cooldown) : undefined,
      leaseMs: answer.leaseMs === null ? undefined : this.#number(key, answer.leaseMs),
    }
  }

  #ask(operation: keyof TokenStatements, key: string, values: unknown[]): Promise<Record<string, unknown>> {
    const subject = { tables: this.#tables, table: this.#tables.tokens, key }
    return ask(this.#pool, subject, this.#statements[operation], [key, ...values])
  }

  #lease(key: string, answer: Record<string, unknown>): RefreshLease {
    const { holder, lastCooldown } = answer
    if (answer.kind !== 'acquired' || typeof holder !== 'string') throw this.#damaged(key)
    return {
      holder,
      generation: this.#number(key, answer.generation),
      at: this.#number(key, answer.at),
      used: this.#number(key, answer.used),
      failures: this.#number(key, answer.failures),
      ...(typeof lastCooldown === 'string' ? { lastCooldown: lastCooldown as CooldownReason } : {}),
    }
  }

  #token(key: string, answer: unknown): StoredToken {
    const { value, generation, lifeMs } = answer as Record<string, unknown>
    if (typeof value !== 'string') throw this.#damaged(key)
    return { value, generation: this.#number(key, generation), lifeMs: this.#number(key, lifeMs) }
  }

  #cooldown(key: string, answer: unknown): Cooldown {
    const { reason, ms } = answer as Record<string, unknown>
    return { reason: reason as CooldownReason, ms: this.#number(key, ms) }
  }

  /** Infinity comes as a string: JSON has none. */
  #number(key: string, answer: unknown): number {
    const number = typeof answer === 'string' || typeof answer === 'number' ? Number(answer) : Number.NaN
    if (Number.isNaN(number)) throw this.#damaged(key)
    return number
  }

  #damaged(key: string): Error {
    return unreadableRow(this.#tables.tokens, [key], undefined)
  }
}
