import { type GuardedTokenStore, StoreFault } from '../stores/guarded-token-store.js'
import type { StoredToken } from '../stores/ports.js'
import type { Background } from '../words/background.js'
import { BoundedMap } from '../words/bounded-map.js'
import type { Clock } from '../words/clock.js'
import type { HostPolicy } from '../words/hosts.js'
import { type Product, productOf } from '../words/products.js'

/**
 * Tokens that one connection spends in a window on refusals which no refresh could help: two on ambiguous ones, whatever the
 * number of endpoints, and two on certain ones of one origin.
 */
const MAX_IN_VAIN = 2

/** One more is kept for an endpoint that accepted this very token before: there, an ambiguous refusal is an eviction. */
const KEPT_FOR_PROVEN = 1

/** Most connections of which something is remembered. */
const MAX_CONNECTIONS = 10_000

/** Most targets of one connection that are remembered; beyond it the oldest is forgotten. */
const MAX_TARGETS = 200

/** Most targets, of all connections together, of which it is known that they accepted a token. */
const MAX_ACCEPTED = 10_000

/** Most URLs of which it is remembered what they are, and the longest of them, in characters. */
const MAX_ENDPOINTS = 1_000
const MAX_ENDPOINT_URL = 1_000

/** Most targets of one connection that processes tell each other of. */
const MAX_SHARED = 50

/** Times a process tries to tell the others, and the pause while one of them writes, in milliseconds. */
const MAX_WRITES = 5
const WRITE_PAUSE_MS = 50

/** How long writing may take, in milliseconds (two seconds), and how often a window may be written to. */
const WRITE_LEASE_MS = 2_000
const MAX_WRITES_A_WINDOW = 1_000

/** Where requests go: to an origin, and there to an endpoint. */
interface Endpoint {
  readonly origin: string
  /** Method, origin, and path with ids blanked. */
  readonly endpoint: string
  /** Whose host it is, if that is known. */
  readonly product: Product | undefined
}

/** Where a request was refused. */
export interface RefusedAt extends Omit<Endpoint, 'product'> {
  readonly connection: string
  /** Generation of the token that was sent. */
  readonly generation: number
}

/** A target where a token that was made for a refusal was refused as well. */
interface InVain {
  readonly untilAt: number
  /** Generations of those tokens, the last {@link MAX_IN_VAIN} of them. */
  readonly tokens: readonly number[]
  readonly ambiguous: boolean
}

/** What is known of one connection that was refused. */
interface Known {
  readonly inVain: Map<string, InVain>
  /** Refused, and not sent again: at which endpoint, and with which token. */
  readonly unsent: Map<string, number>
  loading: Promise<void> | undefined
}

/** The last token that a target accepted. */
interface Accepted {
  generation: number
  at: number
}

/**
 * Remembers for one window where tokens were made in vain, so that a refusal which no refresh can help costs at most
 * {@link MAX_IN_VAIN} tokens, and none of those that work. A shared store tells the other processes.
 *
 * An origin counts for certain refusals: the wrong host or data centre looks exactly like a dead token. An endpoint counts
 * for all: what lacks a scope may look like a dead token too. A success ends what is remembered of its own target alone.
 */
export class Refusals {
  readonly #clientId: string
  readonly #clock: Clock
  readonly #store: GuardedTokenStore
  readonly #windowMs: number
  readonly #background: Background
  readonly #connections = new BoundedMap<string, Known>(MAX_CONNECTIONS)
  readonly #accepted = new BoundedMap<string, Accepted>(MAX_ACCEPTED)
  readonly #endpoints = new BoundedMap<string, Endpoint>(MAX_ENDPOINTS)

  /** @param windowMs How long a target is remembered, in milliseconds: the window of the budget. */
  constructor(
    clientId: string,
    clock: Clock,
    store: GuardedTokenStore,
    windowMs: number,
    background: Background,
  ) {
    this.#clientId = clientId
    this.#clock = clock
    this.#store = store
    this.#windowMs = windowMs
    this.#background = background
  }

  /** What a request goes to. Quick for what comes again and again. */
  endpoint(method: string, url: URL, hosts: HostPolicy): Endpoint {
    const key = `${method} ${url.href}`
    let endpoint = this.#endpoints.get(key)
    if (endpoint === undefined) {
      const product = productOf(url, hosts.isOwn(url))
      endpoint = { origin: url.origin, endpoint: endpointOf(method, url), product }
      if (key.length <= MAX_ENDPOINT_URL) this.#endpoints.set(key, endpoint)
    }
    return endpoint
  }

  /** A token was accepted. */
  accepted({ connection, origin, endpoint, generation }: RefusedAt): void {
    const known = this.#connections.get(connection)
    const at = this.#clock.now()
    for (const target of [origin, endpoint]) {
      known?.inVain.delete(target)
      known?.unsent.delete(target)
      const key = acceptedKey(connection, target)
      const last = this.#accepted.get(key)
      if (last === undefined) this.#accepted.set(key, { generation, at })
      else {
        last.generation = generation
        last.at = at
      }
    }
  }

  /** Whether it is known already, without asking anybody, that another token is refused there too. */
  isLeftAlone(at: RefusedAt, ambiguous: boolean): boolean {
    const inVain = this.#connections.get(at.connection)?.inVain
    if (inVain === undefined) return false
    return [at.origin, at.endpoint].some((target) => {
      const entry = this.#alive(inVain.get(target))
      if (entry === undefined) return false
      // An ambiguous refusal says nothing about other endpoints of the origin.
      if (ambiguous) return target === at.endpoint
      return entry.tokens.includes(at.generation) || entry.tokens.length >= MAX_IN_VAIN
    })
  }

  /** Whether a token may be made for this refusal. Asks the shared store what other processes know. */
  async mayTry(at: RefusedAt, ambiguous: boolean): Promise<boolean> {
    const known = this.#of(at.connection)
    known.loading ??= this.#load(at.connection, known).finally(() => {
      known.loading = undefined
    })
    await known.loading
    if (this.isLeftAlone(at, ambiguous)) return false
    if (!ambiguous) return true
    const spent = new Set<number>()
    for (const entry of known.inVain.values())
      if (entry.ambiguous && this.#alive(entry)) for (const token of entry.tokens) spent.add(token)
    const accepted = this.#accepted.get(acceptedKey(at.connection, at.endpoint))
    const proven = accepted?.generation === at.generation
    return spent.size < MAX_IN_VAIN + (proven ? KEPT_FOR_PROVEN : 0)
  }

  /** A refusal whose request cannot be sent again. The next one there shows whether another token helps. */
  notSentAgain({ connection, endpoint, generation }: RefusedAt): void {
    const { unsent } = this.#of(connection)
    unsent.set(endpoint, generation)
  }

  /** Whether a request was refused there before with an older token, and not sent again: then another one was no help. */
  wasRefusedBefore({ connection, endpoint, generation }: RefusedAt): boolean {
    const before = this.#connections.get(connection)?.unsent.get(endpoint)
    return before !== undefined && before < generation
  }

  /** A token that was made for a refusal was refused there as well. */
  inVain(at: RefusedAt, ambiguous: boolean): void {
    const { connection, origin, endpoint, generation } = at
    const { inVain } = this.#of(connection)
    const untilAt = this.#clock.now() + this.#windowMs
    let changed = false
    for (const target of ambiguous ? [endpoint] : [origin, endpoint]) {
      this.#accepted.delete(acceptedKey(connection, target))
      const tokens = this.#alive(inVain.get(target))?.tokens ?? []
      if (tokens.includes(generation)) continue
      changed = true
      const entry = { untilAt, ambiguous, tokens: [...tokens, generation].slice(-MAX_IN_VAIN) }
      inVain.set(target, entry)
    }
    if (changed) this.#background.run(() => this.#share(connection))
  }

  #of(connection: string): Known {
    let known = this.#connections.get(connection)
    if (known === undefined) {
      known = {
        inVain: new BoundedMap(MAX_TARGETS),
        unsent: new BoundedMap(MAX_TARGETS),
        loading: undefined,
      }
      this.#connections.set(connection, known)
    }
    return known
  }

  #alive(entry: InVain | undefined): InVain | undefined {
    return entry !== undefined && this.#clock.now() < entry.untilAt ? entry : undefined
  }

  /** Takes in what other processes know. A store that does not answer knows nothing. */
  async #load(connection: string, known: Known): Promise<void> {
    try {
      const record = await this.#store.inspect(this.#key(connection))
      if (record?.token) this.#takeIn(record.token, connection, known)
    } catch (error) {
      if (!(error instanceof StoreFault)) throw error
    }
  }

  #takeIn(token: StoredToken, connection: string, { inVain }: Known): void {
    const windowMs = this.#windowMs
    const now = this.#clock.now()
    // The record lives as long as a window: what is missing of its life is its age, by the store's own clock.
    const ageMs = Math.max(0, windowMs - token.lifeMs)
    for (const [target, { leftMs, tokens, ambiguous }] of readShared(token.value)) {
      const untilAt = now + leftMs - ageMs
      const successAt = this.#accepted.get(acceptedKey(connection, target))?.at ?? Number.NEGATIVE_INFINITY
      if (untilAt <= now || successAt >= untilAt - windowMs || this.#alive(inVain.get(target))) continue
      inVain.set(target, { untilAt, tokens, ambiguous })
    }
  }

  /** Writes what is known here, together with what others wrote, by compare-and-set. */
  async #share(connection: string): Promise<void> {
    const clock = this.#clock
    const store = this.#store
    const windowMs = this.#windowMs
    const key = this.#key(connection)
    const budget = { limit: MAX_WRITES_A_WINDOW, windowMs }
    const known = this.#of(connection)
    const holder = globalThis.crypto.randomUUID()
    let minGeneration = 0
    for (let attempt = 0; attempt < MAX_WRITES; attempt++) {
      const result = await store.acquire(key, { holder, minGeneration, leaseMs: WRITE_LEASE_MS, budget })
      if (result.kind === 'cooldown') return
      if (result.kind === 'wait') {
        await clock.sleep(Math.min(result.ms, WRITE_PAUSE_MS))
        continue
      }
      if (result.kind === 'acquired') {
        const text = writeShared(known.inVain, clock.now())
        await store.commit(key, result.lease, text, windowMs)
        return
      }
      this.#takeIn(result.token, connection, known)
      minGeneration = result.token.generation
    }
  }

  #key(connection: string): string {
    return ['refusals', this.#clientId, connection].join(':')
  }
}

const acceptedKey = (connection: string, target: string): string => `${connection} ${target}`

type Shared = readonly [target: string, InVain: Omit<InVain, 'untilAt'> & { readonly leftMs: number }]

function writeShared(inVain: ReadonlyMap<string, InVain>, now: number): string {
  const shared: Shared[] = []
  for (const [target, { untilAt, ...rest }] of inVain)
    if (untilAt > now) shared.push([target, { ...rest, leftMs: untilAt - now }])
  return JSON.stringify(shared.slice(-MAX_SHARED))
}

/** Nothing, for what this version did not write. */
function readShared(text: string): readonly Shared[] {
  try {
    const value: unknown = JSON.parse(text)
    return (Array.isArray(value) ? value.slice(0, MAX_SHARED) : []).filter(isShared)
  } catch {
    return []
  }
}

function isShared(item: unknown): item is Shared {
  const [target, entry] = Array.isArray(item) ? item : []
  const { leftMs, tokens, ambiguous } = (entry ?? {}) as Record<string, unknown>
  return (
    typeof target === 'string' &&
    typeof leftMs === 'number' &&
    typeof ambiguous === 'boolean' &&
    Array.isArray(tokens) &&
    tokens.every((token) => typeof token === 'number')
  )
}

/** An endpoint as it is remembered: ids are blanked, so that a thousand records of a module are one endpoint. */
export function endpointOf(method: string, { protocol, host, pathname }: URL): string {
  const path = pathname.slice(0, MAX_PATH).split('/').map(blanked).join('/')
  return `${method.toUpperCase()} ${protocol}//${host}${path}`
}

/** Most of a path that tells endpoints apart, in characters. */
const MAX_PATH = 512

/** A number, a date or number in a name, a long key, an address or something encoded is an id; `v2` and `v1.1` are not. */
const ID = /^\d+$|\d{4}|[@%~]|^(?=.*\d)[A-Za-z0-9_-]{16,}$|^.{41,}$/

const blanked = (segment: string): string => (ID.test(segment) ? '*' : segment)
