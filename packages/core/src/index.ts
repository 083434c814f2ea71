/** What an app imports. What adapters need is in `/adapter`, what stores need in `/store`, what tests need in `/testing`. */
export type { ConnectionLookup, PerDataCenter, ZohoAuthOptions } from './config/options.js'
export { createZohoAuth, defaultZohoAuth } from './engine.js'
export { DEFAULT_BUDGET } from './stores/budget.js'
export { memoryConnectionStore } from './stores/memory-connection-store.js'
export type { MemoryTokenStoreOptions } from './stores/memory-token-store.js'
export { memoryTokenStore } from './stores/memory-token-store.js'
export type { BudgetPolicy, ConnectionStore, TokenStore } from './stores/ports.js'
export type { SealOptions } from './stores/sealed-connection-store.js'
export { sealedConnectionStore } from './stores/sealed-connection-store.js'
export type { Clock } from './words/clock.js'
export { systemClock } from './words/clock.js'
export type { Connection, ConnectionState, Environment } from './words/connection.js'
export { newConnection } from './words/connection.js'
export type {
  ClientCredentialsOptions,
  ConsentExchangeOptions,
  ConsentFinishOptions,
  ConsentRequest,
  ConsentStart,
  ZohoConsent,
} from './words/consent.js'
export type { CooldownReason } from './words/cooldown.js'
export type { DataCenter } from './words/data-centers.js'
export { DATA_CENTERS } from './words/data-centers.js'
export type { ZohoAuthErrorCode, ZohoAuthErrorDetails } from './words/errors.js'
export { isZohoAuthError, ZohoAuthError } from './words/errors.js'
export type { ZohoAuthEventName, ZohoAuthEvents, ZohoAuthListener } from './words/events.js'
export { EVENT_NAMES } from './words/events.js'
export type { ExpiryPolicy } from './words/expiry.js'
export { DEFAULT_EXPIRY_POLICY } from './words/expiry.js'
export type { Logger } from './words/logger.js'
export type { Product, ProductFacts } from './words/products.js'
export { PRODUCTS, productFacts } from './words/products.js'
export type { TokenFields } from './words/token.js'
export { Token } from './words/token.js'
export type {
  ConnectionStatus,
  PeekOptions,
  RevokeAllOptions,
  RevokeOptions,
  RevokeReport,
  RotateOptions,
  RotateReport,
  TokenOptions,
  WarmOptions,
  WarmReport,
  ZohoFetchOptions,
  ZohoHandle,
} from './zoho-auth.js'
export { isZohoAuth, ZohoAuth } from './zoho-auth.js'
