export type { FakeZohoAuth, FakeZohoAuthOptions } from '@zoho-auth/core/testing'
export { createFakeZohoAuth } from '@zoho-auth/core/testing'
export type { ZohoAuthTestingModuleOptions } from './zoho-auth-testing.module.js'
export { ZohoAuthTestingModule } from './zoho-auth-testing.module.js'
