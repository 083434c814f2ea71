import type { HttpService } from '@nestjs/axios'
import { DEFAULT_CONNECTION } from '@zoho-auth/core/adapter'
import type { AxiosError } from 'axios'
import type { Replacement } from '../tokens.js'

type Axios = HttpService['axiosRef']
type Adapter = Exclude<NonNullable<Axios['defaults']['adapter']>, string | readonly unknown[]>

/**
 * An adapter that opens no socket: what stands in for the engines answers. For an application's own tests.
 *
 * @param axios What `import axios` gives, for the class of its errors.
 * @param connection For requests that name none.
 */
export function answerFrom(
  { fetch }: Replacement,
  axios: Axios,
  connection: string = DEFAULT_CONNECTION,
): Adapter {
  const { AxiosError } = axios as unknown as { AxiosError: AxiosErrorClass }
  return async (config) => {
    const { method = 'get', headers, data, responseType, validateStatus, zoho } = config
    const response = await fetch(new URL(axios.getUri(config)), {
      method: method.toUpperCase(),
      headers: headers.toJSON() as Record<string, string>,
      body: data ?? null,
      connection: (zoho || undefined)?.connection ?? connection,
    })
    const { status, statusText } = response
    const answer = {
      data:
        responseType === 'arraybuffer' ? Buffer.from(await response.arrayBuffer()) : await response.text(),
      status,
      statusText,
      headers: Object.fromEntries(response.headers),
      config,
    }
    if (!validateStatus || validateStatus(status)) return answer
    const code = status < 500 ? 'ERR_BAD_REQUEST' : 'ERR_BAD_RESPONSE'
    throw new AxiosError(`Request failed with status code ${status}`, code, config, undefined, answer)
  }
}

type AxiosErrorClass = new (
  message: string,
  code: string,
  config: object,
  request: undefined,
  response: object,
) => AxiosError
