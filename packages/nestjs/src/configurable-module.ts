import { ConfigurableModuleBuilder, type ConfigurableModuleCls } from '@nestjs/common'
import { engineProviders } from './engine-providers.js'
import type { ZohoAuthModuleExtras, ZohoAuthModuleOptions } from './options.js'
import { getZohoAuthToken, OPTIONS } from './tokens.js'

/** `forRoot` and `forRootAsync` as Nest builds them. */
export const ConfigurableModule: ConfigurableModuleCls<
  ZohoAuthModuleOptions,
  'forRoot',
  'create',
  ZohoAuthModuleExtras
> = new ConfigurableModuleBuilder<ZohoAuthModuleOptions>({ optionsInjectionToken: OPTIONS })
  .setClassMethodName('forRoot')
  .setExtras<ZohoAuthModuleExtras>({ name: undefined, isGlobal: true }, (definition, { name, isGlobal }) => ({
    ...definition,
    global: isGlobal ?? true,
    providers: [...(definition.providers ?? []), ...engineProviders(name)],
    exports: [getZohoAuthToken(name)],
  }))
  .build().ConfigurableModuleClass
