import { HttpService } from '@nestjs/axios'
import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common'
import { installZohoAuth } from '@zoho-auth/axios'
import type { Product, ZohoAuth } from '@zoho-auth/core'
import { getZohoAuthToken, REPLACEMENT, type Replacement } from '../tokens.js'
import { answerFrom } from './answer-from.js'
import { ZohoHttpService } from './zoho-http.service.js'

/** What `ZohoHttpModule.register` takes, all optional. */
export interface ZohoHttpModuleOptions {
  /** Of the `ZohoAuthModule` to take tokens from. Default the one without a name. */
  readonly name?: string
  /** For requests that name no connection. Default: that of the request being served, else the only configured one. */
  readonly connection?: string
  /** Whose host relative URLs are meant for where a request does not say. */
  readonly product?: Product
  /** Defaults of the axios instance: `timeout`, `headers`, agents and so on. */
  readonly axios?: AxiosDefaults
  /** Whether every module may inject the service without importing it. Default `false`. */
  readonly isGlobal?: boolean
  /** Modules to take the engine from, if `ZohoAuthModule` is not global. */
  readonly imports?: ModuleMetadata['imports']
}

/** What `create` of the axios takes that `@nestjs/axios` was installed with. */
export type AxiosDefaults = NonNullable<Parameters<HttpService['axiosRef']['create']>[0]>

/** The options of one module. */
const OPTIONS: unique symbol = Symbol('ZohoHttpModule options')

/** The engine of one module. */
const ENGINE: unique symbol = Symbol('ZohoHttpModule engine')

/**
 * Provides {@link ZohoHttpService}, on an axios instance of its own.
 *
 * ```ts
 * @Module({ imports: [ZohoAuthModule.forRoot(), ZohoHttpModule] })
 * ```
 */
@Module({
  providers: [
    { provide: OPTIONS, useValue: {} },
    { provide: ENGINE, useExisting: getZohoAuthToken() },
    {
      provide: ZohoHttpService,
      useFactory: createService,
      inject: [OPTIONS, ENGINE, { token: REPLACEMENT, optional: true }],
    },
  ],
  exports: [ZohoHttpService],
})
export class ZohoHttpModule {
  static register(options: ZohoHttpModuleOptions = {}): DynamicModule {
    return {
      module: ZohoHttpModule,
      global: options.isGlobal ?? false,
      imports: options.imports ?? [],
      // Of two providers with one token the later counts, and these come after those above.
      providers: [
        { provide: OPTIONS, useValue: options },
        { provide: ENGINE, useExisting: getZohoAuthToken(options.name) },
      ],
    }
  }
}

function createService(
  { axios, connection, product }: ZohoHttpModuleOptions,
  auth: ZohoAuth,
  replacement: Replacement | undefined,
): ZohoHttpService {
  // The axios that @nestjs/axios uses: an app may hold a second copy, whose classes are not the same.
  const { axiosRef } = new HttpService()
  const client = axiosRef.create(axios)
  if (replacement !== undefined) client.defaults.adapter = answerFrom(replacement, axiosRef, connection)
  installZohoAuth(client, {
    auth,
    ...(connection === undefined ? {} : { connection }),
    ...(product === undefined ? {} : { product }),
  })
  return new ZohoHttpService(client)
}
