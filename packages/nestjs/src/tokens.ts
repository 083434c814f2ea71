import { Inject, type InjectionToken } from '@nestjs/common'
import { ZohoAuth } from '@zoho-auth/core'

/** The name of a root that is given none. */
export const DEFAULT_NAME = 'default'

/**
 * The injection token of an engine: the class `ZohoAuth` for the default one, a string for the others.
 *
 * ```ts
 * Test.createTestingModule({ imports: [AppModule] })
 *   .overrideProvider(getZohoAuthToken('partner')).useValue(createFakeZohoAuth())
 * ```
 */
export function getZohoAuthToken(name: string = DEFAULT_NAME): InjectionToken<ZohoAuth> {
  return name === DEFAULT_NAME ? ZohoAuth : `ZohoAuth:${name}`
}

/** Injects the engine of the root with this `name`. The default engine needs none: its token is the class `ZohoAuth`. */
export function InjectZohoAuth(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getZohoAuthToken(name))
}

/** The options of one root, inside its module. */
export const OPTIONS: unique symbol = Symbol('ZohoAuthModule options')

/** The name of one root, inside its module. */
export const NAME: unique symbol = Symbol('ZohoAuthModule name')

/** The engine of one root, inside its module: there it has one token whatever the name. */
export const ENGINE: unique symbol = Symbol('ZohoAuthModule engine')

/** Where a testing module provides a {@link Replacement}, globally; the same in every entry point. */
export const REPLACEMENT: unique symbol = Symbol.for('ZohoAuthTestingModule replacement') as never

/** What stands in for every engine in an application's own tests: nothing is read, made or opened then. */
export interface Replacement {
  readonly auth: ZohoAuth
  /** Answers requests of HTTP clients. */
  readonly fetch: (url: URL, init: RequestInit & { readonly connection: string }) => Promise<Response>
}
