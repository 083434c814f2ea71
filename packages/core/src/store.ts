/** For token and connection stores of one’s own: the ports, and the rules of one stored row as pure functions. */
export type {
  AcquireRequest,
  AcquireResult,
  BudgetPolicy,
  ConnectionStore,
  OpenedStores,
  OpenStores,
  PutOptions,
  RefreshLease,
  ReleaseOptions,
  StoredToken,
  TokenRecord,
  TokenStore,
} from './stores/ports.js'
export type { PendingLease, Ruling, TokenRow, Trouble } from './stores/token-row.js'
export {
  acquire,
  commit,
  EMPTY_ROW,
  emptyAt,
  inspect,
  invalidate,
  release,
} from './stores/token-row.js'
export { hasGrant } from './words/connection.js'
export type { Cooldown, CooldownReason } from './words/cooldown.js'
export { faultName } from './words/errors.js'
