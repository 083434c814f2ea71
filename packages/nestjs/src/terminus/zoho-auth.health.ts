import { Inject, Injectable } from '@nestjs/common'
import { ModuleRef } from '@nestjs/core'
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus'
import { type ConnectionStatus, type DataCenter, isZohoAuthError, type ZohoAuth } from '@zoho-auth/core'
import { getZohoAuthToken } from '../tokens.js'

/** How long a check may take, in milliseconds (one second): what Kubernetes gives a probe, and terminus its own checks. */
export const DEFAULT_HEALTH_TIMEOUT_MS = 1_000

/** The longest time a check may be given, in milliseconds (one minute). */
const MAX_TIMEOUT_MS = 60_000

/** What `isHealthy` takes, all optional. */
export interface ZohoHealthOptions {
  /** Which connection. Default: that of the request being served, else the only configured one. */
  readonly connection?: string | undefined
  /** Of the root of `ZohoAuthModule` to ask. Default the one without a name. */
  readonly name?: string | undefined
  /** A check that takes longer is down, in milliseconds, at most 60 000. Default 1 000 (one second). */
  readonly timeoutMs?: number | undefined
}

/** What is told besides up and down; no id, no token, no text of a provider. */
export interface ZohoHealthDetails {
  readonly state?: ConnectionStatus['state']
  readonly dataCenter?: DataCenter
  /** Of the token at hand, in milliseconds; absent if there is none, which the next request changes. */
  readonly lifeLeftMs?: number
  /** New tokens that may still be taken in the current window. */
  readonly budgetLeft?: number
  /** Why nothing is asked of Zoho for a while. */
  readonly cooldown?: string
  /** The code of the last failure since the last token. */
  readonly lastError?: string
  /** The token store does not answer. */
  readonly store?: 'down'
  /** Refreshes of this process that wait for room among its requests to Zoho; absent if none does. */
  readonly queued?: number
  /** Why there is no status: the code of an error, or `timeout`. */
  readonly error?: string
}

/**
 * Health of one Zoho connection, for `@nestjs/terminus`.
 *
 * ```ts
 * @Module({ imports: [TerminusModule], providers: [ZohoAuthHealthIndicator], controllers: [HealthController] })
 *
 * check = () => this.health.check([() => this.zoho.isHealthy('zoho', { connection: 'acme' })])
 * ```
 *
 * Asks the stores, never Zoho: it spends nothing of a quota, and says nothing about whether Zoho can be reached. Down
 * where a person has to consent again, where the connection was revoked, and where a store does not answer; up
 * otherwise, also while Zoho throttles, when the tokens at hand still work.
 *
 * For readiness and for alarms. Not for liveness: no restart brings a consent back.
 */
@Injectable()
export class ZohoAuthHealthIndicator {
  readonly #indicators: HealthIndicatorService
  readonly #modules: ModuleRef

  constructor(
    @Inject(HealthIndicatorService) indicators: HealthIndicatorService,
    @Inject(ModuleRef) modules: ModuleRef,
  ) {
    this.#indicators = indicators
    this.#modules = modules
  }

  /**
   * Never rejects for the state of a connection.
   *
   * @param key The name of the check in the answer.
   * @throws TypeError for a `timeoutMs` that is no time.
   */
  async isHealthy<const Key extends string>(
    key: Key,
    { connection, name, timeoutMs = DEFAULT_HEALTH_TIMEOUT_MS }: ZohoHealthOptions = {},
  ): Promise<HealthIndicatorResult<Key>> {
    if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS))
      throw new TypeError(`timeoutMs must be above 0 and at most ${MAX_TIMEOUT_MS}`)
    const auth = this.#modules.get<ZohoAuth>(getZohoAuthToken(name), { strict: false })
    const check = this.#indicators.check(key)
    const { healthy, details } = await judged(auth, connection, timeoutMs)
    return healthy ? check.up({ ...details }) : check.down({ ...details })
  }
}

interface Judgement {
  readonly healthy: boolean
  readonly details: ZohoHealthDetails
}

async function judged(auth: ZohoAuth, connection: string | undefined, timeoutMs: number): Promise<Judgement> {
  try {
    const status = await inTime(auth.status(connection), timeoutMs)
    if (status === undefined) return { healthy: false, details: { error: 'timeout' } }
    return { healthy: isUsable(status), details: detailsOf(status) }
  } catch (error) {
    // Of other errors, such as those of the app's own `connection`, nothing is known to be fit for strangers.
    return { healthy: false, details: { error: isZohoAuthError(error) ? error.code : 'unknown' } }
  }
}

/** Whether Zoho may be expected to give tokens for it. A grant that Zoho has just refused is not yet marked. */
function isUsable({ state, cooldown, store }: ConnectionStatus): boolean {
  return store === 'up' && state === 'active' && cooldown?.reason !== 'dead' && cooldown?.reason !== 'revoked'
}

function detailsOf(status: ConnectionStatus): ZohoHealthDetails {
  const { state, dataCenter, expiresAt, budgetLeft, cooldown, lastError, store, requests } = status
  return {
    state,
    dataCenter,
    ...(expiresAt === undefined ? {} : { lifeLeftMs: Math.max(0, Math.round(expiresAt - Date.now())) }),
    budgetLeft,
    ...(cooldown === undefined ? {} : { cooldown: cooldown.reason }),
    ...(lastError === undefined ? {} : { lastError: lastError.code }),
    ...(store === 'up' ? {} : { store }),
    ...(requests.queued === 0 ? {} : { queued: requests.queued }),
  }
}

/** `undefined` if the work takes longer. It goes on by itself, and ends by its own limits. */
async function inTime<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
