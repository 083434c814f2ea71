import type { ZohoAuth } from '@zoho-auth/core'
import { ProxyAgent } from 'undici'
import { engine } from '../engine.js'
import { bodyOf, type Client, PROXY_URL, type Sending, USUAL } from './client.js'

/** `zoho.fetch`, with a URL and with a `Request`; through a proxy; and `zoho.authorize` for a `fetch` of the app's own. */
export function fetchClients(auth: ZohoAuth): readonly Client[] {
  const dispatcher = new ProxyAgent(PROXY_URL)
  const proxied = engine({ fetch: (input, init) => fetch(input, Object.assign({ dispatcher }, init)) })
  const usual = { ...USUAL, readsEverySpelling: true, keepsBodies: true }
  return [
    { ...usual, name: 'zoho.fetch', send: (sending) => send(auth, sending.url, sending) },
    {
      ...usual,
      name: 'zoho.fetch of a Request',
      takesPaths: false,
      send: (sending) => {
        const { product: _, ...rest } = sending
        return send(auth, new Request(sending.url, initOf(sending)), rest)
      },
    },
    {
      ...usual,
      name: 'zoho.fetch, proxy',
      proxy: 'tunnel',
      send: (sending) => send(proxied, sending.url, sending),
    },
    {
      ...usual,
      name: 'zoho.authorize, own fetch',
      takesPaths: false,
      carries: 'nowhere',
      keepsBodies: false,
      async send(sending) {
        const given = await auth.authorize(sending.url, { connection: sending.dataCenter })
        const init = initOf(sending)
        Object.assign(init.headers, given)
        return drain(await fetch(sending.url, { ...init, redirect: 'manual' }))
      },
    },
  ]
}

async function send(zoho: ZohoAuth, input: string | Request, sending: Sending): Promise<unknown> {
  const { product, dataCenter } = sending
  const init = typeof input === 'string' ? initOf(sending) : {}
  return drain(await zoho.fetch(input, { ...init, product, connection: dataCenter }))
}

function initOf({ id, parcel }: Sending): RequestInit & { headers: Record<string, string> } {
  const body = bodyOf(parcel) as RequestInit['body']
  const init = { method: parcel?.method ?? 'GET', headers: { 'x-case': id } }
  return body === undefined ? init : Object.assign(init, { body, duplex: 'half' })
}

async function drain(answer: Response): Promise<unknown> {
  return answer.arrayBuffer()
}
