export type { ConnectionLookup, PerDataCenter, ZohoAuthOptions } from './config/options.js'
export { DEFAULT_INSTANCES, DEFAULT_TIMEOUT_MS } from './config/settings.js'
export type {
  ClientCredentialsOptions,
  ConsentExchangeOptions,
  ConsentFinishOptions,
  ConsentRequest,
  ConsentStart,
  ZohoConsent,
} from './connections/zoho-consent.js'
export { CLOSE_GRACE_MS, createZohoAuth, defaultZohoAuth } from './engine.js'
export type { PeekedStream } from './request/answer-beginning.js'
export { peekStream, readBeginning } from './request/answer-beginning.js'
export type { ProblemDetails } from './request/problem-details.js'
export { problemHeaders, REPRESENTATION_HEADERS, toProblemDetails } from './request/problem-details.js'
export { DEFAULT_BUDGET } from './stores/budget.js'
export { memoryConnectionStore } from './stores/memory-connection-store.js'
export type { MemoryTokenStoreOptions } from './stores/memory-token-store.js'
export { memoryTokenStore } from './stores/memory-token-store.js'
export type {
  AcquireRequest,
  AcquireResult,
  BudgetPolicy,
  ConnectionStore,
  Cooldown,
  CooldownReason,
  OpenedStores,
  OpenStores,
  PutOptions,
  RefreshLease,
  ReleaseOptions,
  StoredToken,
  TokenRecord,
  TokenStore,
} from './stores/ports.js'
export type { SealOptions } from './stores/sealed-connection-store.js'
export { sealedConnectionStore } from './stores/sealed-connection-store.js'
export type { Clock } from './words/clock.js'
export { systemClock } from './words/clock.js'
export type { Connection, ConnectionState, Environment, ReplacedGrant } from './words/connection.js'
export { DEFAULT_CONNECTION, isConnectionId } from './words/connection.js'
export type { DataCenter } from './words/data-centers.js'
export { DATA_CENTERS, isDataCenter } from './words/data-centers.js'
export type { ZohoAuthErrorCode, ZohoAuthErrorDetails } from './words/errors.js'
export { configError, faultName, isZohoAuthError, ZohoAuthError } from './words/errors.js'
export type { ZohoAuthEventName, ZohoAuthEvents, ZohoAuthListener } from './words/events.js'
export { EVENT_NAMES } from './words/events.js'
export type { ExpiryPolicy } from './words/expiry.js'
export { DEFAULT_EXPIRY_POLICY } from './words/expiry.js'
export type { ForwardProxy } from './words/forward-proxy.js'
export { forwardProxy } from './words/forward-proxy.js'
export type { Logger } from './words/logger.js'
export type { Grade, OrganizationParameter, Product, ProductFacts } from './words/products.js'
export { assertProduct, PRODUCTS, productFacts } from './words/products.js'
export type { ConnectionAnswer } from './words/scope.js'
export { firstAnswer } from './words/scope.js'
export type { TokenFields } from './words/token.js'
export { Token } from './words/token.js'
export type {
  ApiAnswer,
  ConnectionResolver,
  ConnectionStatus,
  Outgoing,
  OutgoingOptions,
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
