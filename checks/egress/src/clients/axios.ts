import { installZohoAuth } from '@zoho-auth/axios'
import type { ZohoAuth } from '@zoho-auth/core'
import newest, {
  type AxiosAdapter,
  type AxiosInstance,
  type AxiosRequestConfig,
  type AxiosStatic,
} from 'axios'
import createProxyAgent from 'https-proxy-agent'
import { ProxyAgent } from 'undici'
import { bodyOf, type Client, PROXY, PROXY_URL, type Sending, USUAL } from './client.js'

/** axios as `checks/compat` installs it beside the newest. */
async function older(folder: string): Promise<AxiosStatic> {
  const url = new URL(`../../../compat/${folder}/node_modules/axios/index.js`, import.meta.url)
  return ((await import(url.href)) as { default: AxiosStatic }).default
}

/** The config of a request, as an app writes it. */
export function configOf(sending: Sending): AxiosRequestConfig {
  const { id, dataCenter, product, parcel, url, baseURL, allowAbsoluteUrls } = sending
  return {
    url,
    method: parcel?.method ?? 'GET',
    headers: { 'x-case': id },
    data: bodyOf(parcel),
    zoho: { connection: dataCenter, product },
    ...(baseURL === undefined ? {} : { baseURL }),
    ...(allowAbsoluteUrls === undefined ? {} : { allowAbsoluteUrls }),
  }
}

/** As a cache or another wrapper hands a config to axios' own adapter. */
const wrapping =
  (axios: AxiosStatic, name: 'http' | 'fetch'): AxiosAdapter =>
  (config) =>
    axios.getAdapter([name])({ ...config })

/** Puts URLs together by the rules of WHATWG, as no axios does. */
const resolving: AxiosAdapter = async (config) => {
  const { url = '', baseURL, method = 'get', data } = config
  const headers = Object.fromEntries(Object.entries(config.headers.toJSON())) as Record<string, string>
  const target = baseURL ? new URL(url, baseURL) : url
  const init = { method: method.toUpperCase(), headers, body: data, duplex: 'half' }
  const answer = await fetch(target, init as RequestInit)
  const { status, statusText } = answer
  return { data: await answer.text(), status, statusText, headers: {}, config }
}

interface Kind extends Partial<Client> {
  readonly name: string
  readonly config: AxiosRequestConfig
}

function kindsOf(axios: AxiosStatic, tunnels: boolean): readonly Kind[] {
  const hasFetch = Number(axios.VERSION.split('.')[1]) >= 7
  const proxy = tunnels ? 'tunnel' : 'reads along'
  const dispatcher = new ProxyAgent(PROXY_URL)
  const httpsAgent = createProxyAgent(PROXY_URL)
  const viaFetch = { adapter: 'fetch', fetchOptions: { dispatcher } } as AxiosRequestConfig
  return [
    { name: 'http', config: { adapter: 'http' } },
    { name: 'around http', config: { adapter: wrapping(axios, 'http') } },
    { name: 'own rules', config: { adapter: resolving }, carries: 'to the same origin' },
    { name: 'http, proxy', config: { adapter: 'http', proxy: PROXY }, proxy },
    {
      name: 'http, HTTPS_PROXY',
      config: { adapter: 'http' },
      proxy,
      environment: { HTTPS_PROXY: PROXY_URL },
    },
    { name: 'http, proxy agent', config: { adapter: 'http', proxy: false, httpsAgent }, proxy: 'tunnel' },
    { name: 'around http, proxy', config: { adapter: wrapping(axios, 'http'), proxy: PROXY }, proxy },
    ...(hasFetch
      ? ([
          { name: 'fetch', config: { adapter: 'fetch' } },
          {
            name: 'around fetch',
            config: { adapter: wrapping(axios, 'fetch') },
            carries: 'to the same origin',
          },
          { name: 'fetch, proxy', config: viaFetch, proxy: 'tunnel' },
        ] as const)
      : []),
  ]
}

/** Three versions of axios, each with its own adapters and with functions in their place. */
export async function axiosClients(auth: ZohoAuth): Promise<readonly Client[]> {
  const versions = [await older('axios16'), await older('axios17'), newest]
  return versions.flatMap((axios) =>
    kindsOf(axios, axios === newest).map(({ name, config, ...facts }) => {
      const client: AxiosInstance = axios.create({ validateStatus: null, ...config })
      installZohoAuth(client, { auth })
      return {
        ...USUAL,
        takesBases: true,
        ...facts,
        name: `axios ${axios.VERSION}, ${name}`,
        send: (sending: Sending) => client.request(configOf(sending)),
      }
    }),
  )
}
