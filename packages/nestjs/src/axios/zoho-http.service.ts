import { HttpService } from '@nestjs/axios'

/**
 * An `HttpService` of `@nestjs/axios` whose requests to Zoho carry a token; requests to anyone else go out untouched.
 *
 * ```ts
 * this.http.get('/recruit/v2/Candidates', { zoho: { product: 'recruit', connection: 'acme' } })
 * ```
 *
 * Gives Observables: each subscription is a request of its own, in the scope of whoever subscribes. To unsubscribe ends
 * the request and its wait for a token, and leaves others who wait for the same token alone. `axiosRef` is the axios
 * instance, for promises and for interceptors of your own.
 */
export class ZohoHttpService extends HttpService {}
