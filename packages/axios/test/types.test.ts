import { expect, test } from '@jest/globals'
import axios, { type AxiosInstance, type AxiosRequestConfig, type AxiosResponse } from 'axios'
import {
  type AxiosLike,
  type InstallOptions,
  installZohoAuth,
  type ZohoAuthInstall,
  type ZohoChoice,
  type ZohoRequestOptions,
} from '../src/index.js'

// Compiled, never run: what these lines mean is checked by the compiler.
function compiles(client: AxiosInstance, response: AxiosResponse<number>): void {
  const like: AxiosLike = client
  const options: InstallOptions = { connection: 'acme', product: 'recruit' }
  const handle: ZohoAuthInstall = installZohoAuth(like, options)
  installZohoAuth(axios)
  installZohoAuth(new axios.Axios())
  handle.eject()

  const zoho: ZohoRequestOptions = { connection: 'acme', product: 'crm' }
  const choice: ZohoChoice = false
  const config: AxiosRequestConfig<string> = { zoho }
  void client.get<number>('/x', config)
  void client.post('/x', {}, { zoho: choice })
  void axios.create({ zoho })
  client.interceptors.request.use((final) => {
    final.zoho = zoho
    return final
  })
  const hint: string | undefined = response.zohoHint
  void hint

  // @ts-expect-error: not a product
  void client.get('/x', { zoho: { product: 'nonsense' } })
  // @ts-expect-error: options or false
  void client.get('/x', { zoho: true })
  // @ts-expect-error: no such option
  installZohoAuth(client, { hosts: [] })
  // @ts-expect-error: not an axios instance
  installZohoAuth({})
}

test('axios knows "zoho" in its configs and "zohoHint" on its answers', () => {
  expect(compiles).toBeInstanceOf(Function)
})
