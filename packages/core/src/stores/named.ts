import type { Connection } from '../words/connection.js'
import type { Cooldown } from '../words/cooldown.js'
import { ZohoAuthError } from '../words/errors.js'
import { ended } from '../words/waits.js'
import type {
  AcquireRequest,
  AcquireResult,
  ConnectionStore,
  OpenedStores,
  OpenStores,
  PutOptions,
  RefreshLease,
  ReleaseOptions,
  StoredToken,
  TokenRecord,
  TokenStore,
} from './ports.js'

/** Which package keeps the stores of a URL, by its scheme, and what else has to be installed with it. */
const PACKAGES: Readonly<Record<string, { readonly name: string; readonly with?: string }>> = Object.freeze({
  'file:': { name: '@zoho-auth/store-file' },
  'redis:': { name: '@zoho-auth/store-redis', with: 'redis' },
  'rediss:': { name: '@zoho-auth/store-redis', with: 'redis' },
  'postgres:': { name: '@zoho-auth/store-postgres', with: 'pg' },
  'postgresql:': { name: '@zoho-auth/store-postgres', with: 'pg' },
})

/** A package that keeps stores, and the command that installs it. */
export interface StorePackage {
  readonly name: string
  readonly install: string
}

/**
 * The package that keeps the stores of a URL, and how to install it.
 *
 * @returns Or what is wrong: one sentence that never holds the URL, which may hold a password.
 */
export function storePackage(url: string): StorePackage | string {
  const scheme = /^[a-z]{1,20}:/.exec(url)?.[0]
  const known = scheme === undefined ? undefined : PACKAGES[scheme]
  if (known === undefined)
    return `ZOHO_AUTH_STORE must begin with memory:, ${Object.keys(PACKAGES).join(', ')}, ${scheme === undefined ? 'and has no scheme' : `not ${scheme}`}`
  return { name: known.name, install: `npm install ${[known.name, known.with].filter(Boolean).join(' ')}` }
}

/** Where a package's main file is, as one of these files sees it; `undefined` if it is not installed there. */
export function findPackage(name: string, from: readonly string[]): string | undefined {
  const modules = process.getBuiltinModule('node:module')
  for (const file of from) {
    try {
      return modules.createRequire(file).resolve(name)
    } catch {
      // Not there; the next file may see it.
    }
  }
  return undefined
}

/** As the app's main file sees it, and its folder; so it is found under npm, pnpm and yarn. */
function appFiles(): string[] {
  const path = process.getBuiltinModule('node:path')
  const [, main] = process.argv
  return [...(main === undefined ? [] : [main]), path.join(process.cwd(), 'package.json')]
}

/**
 * The stores that `ZOHO_AUTH_STORE` names. Their package is found now and loaded at the first use.
 *
 * @param from Where to look for it. Default: the program's main file, and the current folder.
 * @returns The stores, or what is wrong.
 */
export function namedStores(url: string, from: readonly string[] = appFiles()): OpenedStores | string {
  const known = storePackage(url)
  if (typeof known === 'string') return known
  const path = findPackage(known.name, from)
  return path === undefined ? missing(known) : new LazyStores(url, path, known)
}

/** What to do where a store's package is not found: npm cannot help an app that is one file. */
function missing({ name, install }: StorePackage): string {
  return `ZOHO_AUTH_STORE needs a package: ${install}. In a bundle keep ${name} external (esbuild --external, Next serverExternalPackages), or open the store yourself and pass { tokens, connections }`
}

/** Stores whose package is loaded, and that are opened, at the first use. */
class LazyStores implements OpenedStores {
  readonly tokens: TokenStore
  readonly connections: ConnectionStore
  readonly #url: string
  readonly #path: string
  readonly #package: StorePackage
  #opened: Promise<OpenedStores> | undefined

  constructor(url: string, path: string, from: StorePackage) {
    this.#url = url
    this.#path = path
    this.#package = from
    const opened = () => this.#open()
    this.tokens = new LazyTokenStore(async () => (await opened()).tokens)
    this.connections = new LazyConnectionStore(async () => (await opened()).connections)
  }

  async close(): Promise<void> {
    await (await this.#opened?.catch(() => undefined))?.close()
  }

  #open(): Promise<OpenedStores> {
    const urls = process.getBuiltinModule('node:url')
    const { href } = urls.pathToFileURL(this.#path)
    // Bundlers would look for it among their own files, and it is the app's.
    this.#opened ??= import(
      /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ href
    ).then(
      ({ openStores }: { openStores: OpenStores }) => openStores(this.#url),
      (error: unknown) => {
        const { code } = error as NodeJS.ErrnoException
        if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error
        throw new ZohoAuthError('ERR_ZOHO_CONFIG', { message: missing(this.#package), cause: error })
      },
    )
    this.#opened.catch(() => {
      this.#opened = undefined
    })
    return this.#opened
  }
}

class LazyTokenStore implements TokenStore {
  readonly durable = true
  readonly #store: () => Promise<TokenStore>

  constructor(store: () => Promise<TokenStore>) {
    this.#store = store
  }

  async ready(): Promise<void> {
    await (await this.#store().catch(() => undefined))?.ready?.()
  }

  async acquire(key: string, request: AcquireRequest): Promise<AcquireResult> {
    return (await this.#store()).acquire(key, request)
  }

  async commit(
    key: string,
    lease: RefreshLease,
    value: string,
    lifeMs: number,
  ): Promise<StoredToken | undefined> {
    return (await this.#store()).commit(key, lease, value, lifeMs)
  }

  async release(key: string, lease: RefreshLease, options?: ReleaseOptions): Promise<void> {
    return (await this.#store()).release(key, lease, options)
  }

  async invalidate(key: string, cooldown?: Cooldown): Promise<void> {
    return (await this.#store()).invalidate(key, cooldown)
  }

  async changed(key: string, signal: AbortSignal): Promise<void> {
    const store = await this.#store().catch(() => undefined)
    return store?.changed?.(key, signal) ?? ended(signal)
  }

  async inspect(key: string): Promise<TokenRecord | undefined> {
    return (await this.#store()).inspect(key)
  }
}

class LazyConnectionStore implements ConnectionStore {
  readonly durable = true
  readonly #store: () => Promise<ConnectionStore>

  constructor(store: () => Promise<ConnectionStore>) {
    this.#store = store
  }

  async ready(): Promise<void> {
    await (await this.#store().catch(() => undefined))?.ready?.()
  }

  async get(id: string): Promise<Connection | undefined> {
    return (await this.#store()).get(id)
  }

  async put(connection: Connection, options?: PutOptions): Promise<Connection> {
    return (await this.#store()).put(connection, options)
  }

  async delete(id: string): Promise<void> {
    return (await this.#store()).delete(id)
  }

  async *list(): AsyncIterable<Connection> {
    yield* (await this.#store()).list()
  }
}
