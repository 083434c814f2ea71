import events from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server on this machine. Which host its origin names decides to which site a browser counts it. */
export interface Serving {
  readonly port: number
  close(): Promise<void>
}

/** Listens on 127.0.0.1 alone, on any free port. */
export async function serve(listener: RequestListener): Promise<Serving> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await events.once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** A page of a test, whole. */
export function html(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title><link rel="icon" href="data:,"></head><body><h1>${title}</h1>${body}</body></html>`
}
