import { type DynamicModule, Global, Module, type Provider } from '@nestjs/common'
import { ZohoAuth } from '@zoho-auth/core'
import { createFakeZohoAuth, type FakeZohoAuthOptions } from '@zoho-auth/core/testing'
import { getZohoAuthToken, REPLACEMENT, type Replacement } from '../tokens.js'

/** What `ZohoAuthTestingModule.forRoot` takes: how the fake behaves. */
export interface ZohoAuthTestingModuleOptions extends FakeZohoAuthOptions {
  /** Names to provide the fake under besides the default one; needed only if no `ZohoAuthModule` does. */
  readonly names?: readonly string[]
}

/** The options of the fake. */
const FAKE: unique symbol = Symbol('ZohoAuthTestingModule options')

/**
 * A fake in place of every engine, for an application's own tests: reads no variable, opens no socket.
 *
 * ```ts
 * const app = await Test.createTestingModule({ imports: [AppModule, ZohoAuthTestingModule] }).compile()
 * ```
 *
 * Beside `ZohoAuthModule`, whose engines are then never made, or alone. `ZohoHttpService` is answered by it too:
 * `ZohoAuthTestingModule.forRoot({ fetch: (url) => Response.json({ data: [] }) })`.
 */
@Global()
@Module({
  providers: [
    { provide: FAKE, useValue: {} },
    { provide: REPLACEMENT, useFactory: replacement, inject: [FAKE] },
    named(ZohoAuth),
  ],
  exports: [REPLACEMENT, ZohoAuth],
})
export class ZohoAuthTestingModule {
  static forRoot(options: ZohoAuthTestingModuleOptions = {}): DynamicModule {
    const { names = [], ...fake } = options
    const tokens = names.map((name) => getZohoAuthToken(name))
    return {
      module: ZohoAuthTestingModule,
      providers: [{ provide: FAKE, useValue: fake }, ...tokens.map(named)],
      exports: tokens,
    }
  }
}

function named(token: ReturnType<typeof getZohoAuthToken>): Provider {
  return { provide: token, useFactory: ({ auth }: Replacement) => auth, inject: [REPLACEMENT] }
}

function replacement(options: FakeZohoAuthOptions): Replacement {
  return {
    auth: createFakeZohoAuth(options),
    async fetch(url, init) {
      if (options.fetch !== undefined) return options.fetch(url, init)
      throw new TypeError(
        'a fake ZohoAuth opens no socket: ZohoAuthTestingModule.forRoot({ fetch: (url) => new Response(…) })',
      )
    },
  }
}
