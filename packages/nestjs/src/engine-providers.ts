import type { Provider } from '@nestjs/common'
import { ModulesContainer } from '@nestjs/core'
import { type ZohoAuth, ZohoAuthError } from '@zoho-auth/core'
import { RootEngine } from './engine.js'
import type { ZohoAuthModuleOptions } from './options.js'
import {
  DEFAULT_NAME,
  ENGINE,
  getZohoAuthToken,
  NAME,
  OPTIONS,
  REPLACEMENT,
  type Replacement,
} from './tokens.js'

/** The providers of one root. */
export function engineProviders(name: string = DEFAULT_NAME): Provider[] {
  const token = getZohoAuthToken(name)
  return [
    { provide: NAME, useValue: name },
    { provide: RootEngine, useFactory: () => new RootEngine() },
    {
      provide: token,
      // Variables are read here, when a ConfigModule has loaded its files.
      useFactory: (
        options: ZohoAuthModuleOptions | undefined,
        engine: RootEngine,
        modules: ModulesContainer,
        replacement: Replacement | undefined,
      ): ZohoAuth => {
        assertOnlyRoot(modules, name)
        return replacement?.auth ?? engine.open(options ?? {})
      },
      inject: [OPTIONS, RootEngine, ModulesContainer, { token: REPLACEMENT, optional: true }],
    },
    { provide: ENGINE, useExisting: token },
  ]
}

/** Two roots of one name would be two engines, and injection would pick either. */
function assertOnlyRoot(modules: ModulesContainer, name: string): void {
  const roots = rootsOf(modules, name)
  if (roots.length <= 1) return
  const which = name === DEFAULT_NAME ? 'without a name' : `called "${name}"`
  throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
    message:
      `${roots.length} roots of ZohoAuthModule ${which} in one application: call forRoot() once, in the root module ` +
      "(it is global), or give another OAuth client a name of its own: forRoot({ name: 'partner', … })",
  })
}

/** The roots of an application, all or those with one name. */
export function rootsOf(modules: ModulesContainer, name?: string): Root[] {
  const roots = [...modules.values()].filter(({ providers }) => providers.has(ENGINE))
  return name === undefined ? roots : roots.filter(({ providers }) => providers.has(getZohoAuthToken(name)))
}

type Root = ModulesContainer extends Map<string, infer Module> ? Module : never
