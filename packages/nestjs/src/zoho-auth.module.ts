import {
  type DynamicModule,
  Inject,
  Module,
  type NestModule,
  type OnApplicationShutdown,
} from '@nestjs/common'
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core'
import { ZohoAuth } from '@zoho-auth/core'
import { ConfigurableModule } from './configurable-module.js'
import { mountConnect } from './connect/mount-connect.js'
import { RootEngine } from './engine.js'
import { rootsOf } from './engine-providers.js'
import type { ZohoAuthModuleExtras, ZohoAuthModuleOptions } from './options.js'
import { requestScope } from './request-scope.js'
import { ENGINE, NAME, OPTIONS } from './tokens.js'

/**
 * Valid Zoho tokens for a Nest application.
 *
 * ```ts
 * @Module({ imports: [ZohoAuthModule.forRoot()] })
 * class AppModule {}
 *
 * @Injectable()
 * class Candidates {
 *   constructor(private readonly zoho: ZohoAuth) {}
 *   list = () => this.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })
 * }
 * ```
 *
 * Faults of options and variables end the bootstrap with one `ERR_ZOHO_CONFIG` that lists them all. Nothing is sent
 * until a token is used. On shutdown the server finishes its requests first, then the engine its work, and closes.
 */
@Module({})
export class ZohoAuthModule extends ConfigurableModule implements NestModule, OnApplicationShutdown {
  readonly #options: ZohoAuthModuleOptions
  readonly #name: string
  readonly #auth: ZohoAuth
  readonly #engine: RootEngine
  readonly #host: HttpAdapterHost
  readonly #modules: ModulesContainer

  constructor(
    @Inject(OPTIONS) options: ZohoAuthModuleOptions | undefined,
    @Inject(NAME) name: string,
    @Inject(ENGINE) auth: ZohoAuth,
    @Inject(RootEngine) engine: RootEngine,
    @Inject(HttpAdapterHost) host: HttpAdapterHost,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    super()
    this.#options = options ?? {}
    this.#name = name
    this.#auth = auth
    this.#engine = engine
    this.#host = host
    this.#modules = modules
  }

  static override forRoot(options: ZohoAuthModuleOptions & ZohoAuthModuleExtras = {}): DynamicModule {
    // biome-ignore lint/complexity/noThisInStatic: the builder makes a module of `this`, which has to be this class
    return super.forRoot(options)
  }

  /** Called by Nest between its body parser and everybody's middleware, in applications that have a server. */
  configure(): void {
    const adapter = this.#host.httpAdapter
    const scope = requestScope(this.#auth, this.#name, this.#options.connection)
    // Fastify reads the body after its middleware, and what middleware put around a request is lost with that.
    if (adapter.getType() === 'fastify')
      adapter
        .getInstance<FastifyLike>()
        .addHook('preHandler', (request, _reply, done) => scope(request, done))
    else adapter.use((request: object, _response: unknown, next: () => void) => scope(request, next))
    mountConnect(adapter, this.#auth, this.#options, this.#roots())
  }

  /** The options of every root of this application. */
  #roots(): ZohoAuthModuleOptions[] {
    return rootsOf(this.#modules).map(
      ({ providers }) => (providers.get(OPTIONS)?.instance ?? {}) as ZohoAuthModuleOptions,
    )
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#engine.close()
  }
}

/** What we call of Fastify. */
interface FastifyLike {
  addHook(name: 'preHandler', hook: (request: object, reply: unknown, done: () => void) => void): unknown
}
