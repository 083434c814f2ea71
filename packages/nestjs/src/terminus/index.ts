export type { ZohoHealthDetails, ZohoHealthOptions } from './zoho-auth.health.js'
export { DEFAULT_HEALTH_TIMEOUT_MS, ZohoAuthHealthIndicator } from './zoho-auth.health.js'
