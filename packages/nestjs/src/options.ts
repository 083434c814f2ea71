import type { ConfigurableModuleAsyncOptions } from '@nestjs/common'
import type { ConnectionAnswer, ZohoAuth, ZohoAuthOptions } from '@zoho-auth/core'

/**
 * What `ZohoAuthModule.forRoot` takes, all optional.
 *
 * Without an option of an engine the module shares `defaultZohoAuth()`, made from `ZOHO_*` variables, with everyone in
 * this process who is given none either. With one it makes an engine of its own, and closes it with the application.
 */
export interface ZohoAuthModuleOptions extends ZohoAuthOptions {
  /** An engine to use. It stays yours to close. Not together with options of an engine. */
  readonly auth?: ZohoAuth | undefined
  /**
   * Whose Zoho connection a request is for, such as `(req) => req.user?.org`. Take it from what your own sign-in has
   * proved, never from something the client can choose freely.
   *
   * Asked at the first use of a token, so after guards. May be async. The first defined answer is kept for the request;
   * none is `ERR_ZOHO_NO_CONNECTION` for that use, and what it throws is thrown by that use. Never asked for a request
   * that does not use Zoho. Inside it the request has no connection: a call to Zoho from there names its own.
   *
   * Guards, interceptors, pipes, handlers and what they call share it; on Express, Nest's middleware too.
   *
   * Default: the engine decides, by the surrounding `withConnection`, else the only configured connection.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the request of Express or Fastify, as in Nest's own getRequest<T = any>()
  readonly connection?: ((request: any) => ConnectionAnswer | Promise<ConnectionAnswer>) | undefined
}

/** Options that shape the module rather than its engine. */
export interface ZohoAuthModuleExtras {
  /** Which OAuth client: the name to inject it by, with `@InjectZohoAuth(name)`. Default: injected by `ZohoAuth`. */
  readonly name?: string | undefined
  /** Whether every module may inject it without importing it. Default `true`. */
  readonly isGlobal?: boolean | undefined
}

/** What `ZohoAuthModule.forRootAsync` takes: `useFactory` (or `useClass`, `useExisting`), and the extras. */
export type ZohoAuthModuleAsyncOptions = ConfigurableModuleAsyncOptions<ZohoAuthModuleOptions, 'create'> &
  ZohoAuthModuleExtras
