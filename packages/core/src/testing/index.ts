export type { FakeZohoAuth, FakeZohoAuthOptions } from './fake-zoho-auth.js'
export { createFakeZohoAuth } from './fake-zoho-auth.js'
export { ManualClock } from './manual-clock.js'
