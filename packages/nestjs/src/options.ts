import type { ConfigurableModuleAsyncOptions } from '@nestjs/common'
import type { ZohoAuth, ZohoAuthOptions } from '@zoho-auth/core'
import type { ConnectionAnswer } from '@zoho-auth/core/adapter'
import type { ZohoConnectOptions } from './connect/options.js'

/**
 * What `ZohoAuthModule.forRoot` takes, all optional.
 *
 * Without an option of an engine the module shares `defaultZohoAuth()`, made from `ZOHO_*` variables, with everyone in
 * this process who is given none either. With one it makes an engine of its own, and closes it with the application.
 * Without `logger` an engine made here speaks through Nest's `Logger`, as `ZohoAuth`.
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
   * For `@ZohoConnection()` in a microservice it is asked about the message's context, such as a `TcpContext`, and in a
   * gateway about the client, if nothing else chooses.
   *
   * Default: the engine decides, by the surrounding `withConnection`, else the only configured connection.
   */
  // biome-ignore lint/suspicious/noExplicitAny: the request of Express or Fastify, as in Nest's own getRequest<T = any>()
  readonly connection?: ((request: any) => ConnectionAnswer | Promise<ConnectionAnswer>) | undefined
  /**
   * Routes on which a signed-in user connects a Zoho account in the browser, and disconnects it. Default: none.
   *
   * - `GET <path>/connect` sends the browser to Zoho; `?returnTo=/settings` says where it goes in the end.
   * - `GET <path>/callback` is where Zoho sends it back to, and ends on a page that says what was connected and asks
   *   whether that is right.
   * - `GET <path>/disconnect` asks, and `POST <path>/disconnect` does it, for the whole fleet.
   *
   * `connect.connection` says whose connection the visitor may change; default the option `connection` above. It and
   * `connect.authorize` get the request of the platform, Express's or Fastify's, as `app.use` in front of Nest or hooks
   * and plugins of Fastify have left it. Not promised: that they see what Nest's own middleware adds; guards,
   * interceptors and pipes do not run here. Errors that have no status reach Nest's exception filters.
   */
  readonly connect?: ZohoConnectOptions | undefined
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
