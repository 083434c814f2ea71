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
import { ChangeFeed, type RedisSubscriberLike } from './change-feed.js'
import { type Commands, commandsOf, type RedisClientLike } from './client.js'
import { tooNew, unreadable } from './faults.js'
import { changesChannel, prefixOf, type RedisStoreOptions, tokenKey } from './keys.js'
import { type Script, whole } from './script.js'
import { ACQUIRE, COMMIT, INSPECT, INVALIDATE, RELEASE } from './token-scripts.js'

export interface RedisTokenStoreOptions extends RedisStoreOptions {
  /**
   * A second connection that may be used for subscriptions, such as `client.duplicate()`, connected: it brings
   * {@link RedisTokenStore.changed}. Default: none.
   */
  readonly subscriber?: RedisSubscriberLike | undefined
}

export interface RedisTokenStore extends TokenStore {
  /**
   * Resolves when a lease of this key ends, wherever in the fleet, or when the signal aborts; never rejects. There with a
   * `subscriber` only. A hint: Redis may lose a message, so who waits asks again after a while anyhow.
   */
  changed?(key: string, signal: AbortSignal): Promise<void>
}

/**
 * Keeps tokens in Redis or Valkey: for many processes that share refresh tokens.
 *
 * Each operation is one Lua script on one hash, and one round trip. Time is the server's. The client is neither connected
 * nor closed here; `close` ends what was subscribed to, and nothing else.
 *
 * Not promised: Redis replicates in the background, so a failover can lose what was just written. That costs one refresh.
 *
 * @throws TypeError for a client of neither `redis` nor `ioredis`.
 */
export function redisTokenStore(
  client: RedisClientLike,
  options: RedisTokenStoreOptions = {},
): RedisTokenStore {
  const prefix = prefixOf(options)
  const changes = options.subscriber && new ChangeFeed(options.subscriber, changesChannel(prefix))
  return tokenStoreOn(commandsOf(client), prefix, changes)
}

/** The same, on commands that may connect at their first use. */
export function tokenStoreOn(commands: Commands, prefix: string, changes?: ChangeFeed): RedisTokenStore {
  const store = new CommandsTokenStore(commands, prefix)
  if (changes === undefined) return store
  return Object.assign(store, {
    changed: (key: string, signal: AbortSignal) => changes.of(key, signal),
    close: () => changes.close(),
  })
}

class CommandsTokenStore implements TokenStore {
  readonly durable = true
  readonly #commands: Commands
  readonly #prefix: string
  readonly #channel: string

  constructor(commands: Commands, prefix: string) {
    this.#commands = commands
    this.#prefix = prefix
    this.#channel = changesChannel(prefix)
  }

  async acquire(key: string, request: AcquireRequest): Promise<AcquireResult> {
    const { holder, minGeneration, leaseMs, budget } = request
    const [kind, ...answer] = await this.#run(ACQUIRE, key, [
      holder,
      whole('minGeneration', minGeneration),
      whole('leaseMs', leaseMs),
      whole('budget.limit', budget.limit),
      whole('budget.windowMs', budget.windowMs),
    ])
    if (kind === 'token') return { kind: 'hit', token: storedToken(answer) }
    if (kind === 'wait') return { kind, ms: Number(answer[0]) }
    if (kind === 'cooldown') return { kind, reason: answer[0] as CooldownReason, ms: Number(answer[1]) }
    const [generation, at, used, failures, lastCooldown] = answer
    const lease: RefreshLease = {
      holder,
      generation: Number(generation),
      at: Number(at),
      used: Number(used),
      failures: Number(failures),
      ...(lastCooldown ? { lastCooldown: lastCooldown as CooldownReason } : {}),
    }
    return { kind: 'acquired', lease }
  }

  async commit(
    key: string,
    lease: RefreshLease,
    value: string,
    lifeMs: number,
  ): Promise<StoredToken | undefined> {
    const [kind, ...answer] = await this.#run(COMMIT, key, [
      lease.holder,
      whole('generation', lease.generation),
      whole('at', lease.at),
      whole('lifeMs', lifeMs),
      this.#channel,
      key,
      value,
    ])
    return kind === 'token' ? storedToken(answer) : undefined
  }

  async release(key: string, lease: RefreshLease, { cooldown, unspent }: ReleaseOptions = {}): Promise<void> {
    await this.#run(RELEASE, key, [
      lease.holder,
      whole('generation', lease.generation),
      unspent ? '1' : '0',
      cooldown?.reason ?? '',
      whole('cooldown.ms', cooldown?.ms ?? 0),
      this.#channel,
      key,
    ])
  }

  async invalidate(key: string, cooldown?: Cooldown): Promise<void> {
    await this.#run(INVALIDATE, key, [
      cooldown?.reason ?? '',
      whole('cooldown.ms', cooldown?.ms ?? 0),
      this.#channel,
      key,
    ])
  }

  async inspect(key: string): Promise<TokenRecord | undefined> {
    const [kind, used, leaseMs, reason, cooldownMs, ...token] = await this.#run(INSPECT, key, [])
    if (kind === 'none') return undefined
    return {
      token: token[0] ? storedToken(token) : undefined,
      used: Number(used),
      cooldown: reason ? { reason: reason as CooldownReason, ms: Number(cooldownMs) } : undefined,
      leaseMs: leaseMs ? Number(leaseMs) : undefined,
    }
  }

  async #run(script: Script, key: string, args: readonly string[]): Promise<readonly string[]> {
    const name = tokenKey(this.#prefix, key)
    const answer = await script.run(this.#commands, name, args)
    const [kind, what = ''] = answer
    if (kind === 'unreadable') throw unreadable(name, what, 'one refresh')
    if (kind === 'format') throw tooNew(name, what)
    return answer
  }
}

function storedToken([generation, lifeMs, value]: readonly string[]): StoredToken {
  return { value: value ?? '', generation: Number(generation), lifeMs: Number(lifeMs) }
}
