import type { GoTurn, StoredToken, TokenStore } from '../stores/ports.js'
import { StoreFault, type StoreHealth } from './store-health.js'

/** What a token is stored with. */
export interface TokenPayload {
  readonly value: string
  /** Whole life when it was made, in milliseconds. */
  readonly lifeMs: number
  readonly apiDomain: string
  readonly scopes: readonly string[]
}

/** Writes a payload as the opaque string that stores keep. */
export function encodePayload({ value, lifeMs, apiDomain, scopes }: TokenPayload): string {
  return JSON.stringify([FORMAT, value, lifeMs, apiDomain, scopes.join(' ')])
}

/** Reads it; `undefined` for anything this version did not write. */
export function decodePayload(text: string): TokenPayload | undefined {
  try {
    const [format, value, lifeMs, apiDomain, scopes] = JSON.parse(text) as unknown[]
    const right =
      format === FORMAT &&
      typeof value === 'string' &&
      typeof lifeMs === 'number' &&
      typeof apiDomain === 'string' &&
      typeof scopes === 'string'
    return right ? { value, lifeMs, apiDomain, scopes: scopes === '' ? [] : scopes.split(' ') } : undefined
  } catch {
    return undefined
  }
}

const FORMAT = 1

/** How a commit ended. */
export type Committed =
  | { readonly kind: 'stored'; readonly token: StoredToken }
  /** The key was forgotten meanwhile: the token must not be used. */
  | { readonly kind: 'forgotten' }
  /** The store does not answer; the write is tried again behind, and the token is used meanwhile. */
  | { readonly kind: 'pending' }

/**
 * Gate 6, commit: compare-and-set on the generation. A loser adopts the winner's token. The lease saves work; this keeps
 * the record right.
 */
export async function commitToken(
  key: string,
  turn: GoTurn,
  value: string,
  lifeMs: number,
  store: TokenStore,
  health: StoreHealth,
): Promise<Committed> {
  const write = () => store.commit(key, turn, value, lifeMs)
  try {
    const token = await health.run(write)
    return token === undefined ? { kind: 'forgotten' } : { kind: 'stored', token }
  } catch (error) {
    if (!(error instanceof StoreFault)) throw error
    void health.persist(write)
    return { kind: 'pending' }
  }
}
