import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { ZohoAuth } from '@zoho-auth/core'
import { zohoErrorHandler, zohoProxy } from '@zoho-auth/express'
import express, { type Request } from 'express'
import { admit } from '../loopback.js'
import { bodyOf, type Client, USUAL } from './client.js'

/** An app with nothing but `zohoProxy` in it. */
export interface ProxyApp {
  /** What comes back for exactly this request line, these headers and this body. */
  ask(line: string, headers: string, body?: string): Promise<string>
}

/** The product of all these apps, and how its paths begin. */
const PRODUCT = 'recruit'
export const PATH = '/recruit/v2/Candidates'

/** `zohoProxy` behind a mount path of Express, bare, and with a `rewrite`, which reads the header `x-target`. */
export async function proxyApps(auth: ZohoAuth): Promise<Readonly<Record<string, ProxyApp>>> {
  const authorize = () => true
  const connection = ({ headers }: { headers: Request['headers'] }) => String(headers['x-data-center'])
  const options = { product: PRODUCT, auth, authorize, connection } as const
  const rewrite = ({ headers }: Request) => Buffer.from(String(headers['x-target']), 'base64').toString()
  const app = (path: string, proxy: express.RequestHandler) => {
    const made = express().set('env', 'production').use(path, proxy).use(zohoErrorHandler())
    made.use((_error: unknown, _req: Request, res: express.Response, _next: express.NextFunction) => {
      res.status(500).end()
    })
    return made as RequestListener
  }
  const bare = zohoProxy(options)
  return {
    mounted: await serve(app('/recruit', zohoProxy<Request>(options))),
    bare: await serve((req, res) => void bare(req as Request, res, () => res.writeHead(500).end())),
    rewriting: await serve(app('/', zohoProxy<Request>({ ...options, rewrite }))),
  }
}

async function serve(listener: RequestListener): Promise<ProxyApp> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  admit(port)
  return {
    async ask(line, headers, body = '') {
      const socket = connect(port, '127.0.0.1')
      socket.write(`${line} HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n${body}`)
      let text = ''
      socket.setEncoding('latin1')
      for await (const chunk of socket) text += chunk as string
      return text
    },
  }
}

/** `zohoProxy` as a client: what it does with the redirects that a product answers with. */
export function proxyClient({ bare }: Readonly<Record<string, ProxyApp>>): Client {
  return {
    ...USUAL,
    name: 'zohoProxy',
    carries: 'nowhere',
    async send({ id, dataCenter, parcel }) {
      const body = parcel?.body === undefined ? '' : String(bodyOf({ ...parcel, body: 'text' }))
      const headers = [
        'Host: app',
        `x-case: ${id}`,
        `x-data-center: ${dataCenter}`,
        // One that says no length is streamed.
        ...(parcel?.body === 'stream' ? ['Transfer-Encoding: chunked'] : [`Content-Length: ${body.length}`]),
      ]
      const sent = parcel?.body === 'stream' ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body
      return bare?.ask(`${parcel?.method ?? 'GET'} ${PATH}`, headers.join('\r\n'), sent)
    },
  }
}
