export type {
  Connection,
  ConnectionStatus,
  DataCenter,
  Product,
  Token,
  ZohoAuthErrorCode,
  ZohoHandle,
} from '@zoho-auth/core'
export { isZohoAuthError, ZohoAuth, ZohoAuthError } from '@zoho-auth/core'
export type { ConnectionAnswer, ProblemDetails } from '@zoho-auth/core/adapter'
export type { ZohoConnectOptions } from './connect/options.js'
export type {
  ZohoAuthModuleAsyncOptions,
  ZohoAuthModuleExtras,
  ZohoAuthModuleOptions,
} from './options.js'
export { getZohoAuthToken, InjectZohoAuth } from './tokens.js'
export { ZohoAuthModule } from './zoho-auth.module.js'
export { ZohoAuthExceptionFilter } from './zoho-auth-exception.filter.js'
export { ZohoConnection } from './zoho-connection.js'
