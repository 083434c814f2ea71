import type { Runtime } from '../runtime.js'
import { readConnection } from '../token/grant.js'
import type { TokenSource } from '../token/source.js'
import type { DataCenter } from '../words/data-centers.js'
import { assertProduct, type Product, productOrigin } from '../words/products.js'

/** Of the token at hand, else of the connection. */
export async function dataCenterOf(runtime: Runtime, id: string): Promise<DataCenter> {
  return runtime.cache.get(id)?.token.dataCenter ?? (await readConnection(runtime, id)).dataCenter
}

/** The host of a product in the connection's data centre; behind accounts servers of one's own, what Zoho's answer names. */
export async function apiUrl(
  runtime: Runtime,
  source: TokenSource,
  id: string,
  product: Product,
): Promise<URL> {
  assertProduct(product)
  const { servers } = runtime
  const server = servers?.[await dataCenterOf(runtime, id)]
  if (servers !== undefined && !server?.ofZoho) return new URL((await source.token(id)).apiDomain)
  const { dataCenter, environment } = await readConnection(runtime, id)
  return new URL(productOrigin(product, dataCenter, environment))
}
