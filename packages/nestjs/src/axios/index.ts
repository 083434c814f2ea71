export type { ZohoRequestOptions } from '@zoho-auth/axios'
export type { AxiosDefaults, ZohoHttpModuleOptions } from './zoho-http.module.js'
export { ZohoHttpModule } from './zoho-http.module.js'
export { ZohoHttpService } from './zoho-http.service.js'
