import { html, serve } from './serve.js'

/** Somebody else's website, with pages that try things. */
export interface ForeignSite {
  /** On 127.0.0.1: to a browser another site than the app on `localhost`. */
  readonly origin: string
  /** The same server as the app's own site sees it: same site, another origin. */
  readonly neighbour: string
  /** Method and URL of all that reached it, in order. */
  readonly visits: readonly string[]
  /** Puts a page on a path. */
  put(path: string, body: string): void
  close(): Promise<void>
}

export async function openForeignSite(): Promise<ForeignSite> {
  const visits: string[] = []
  const pages = new Map<string, string>()
  const server = await serve((req, res) => {
    visits.push(`${req.method} ${req.url}`)
    res.setHeader('Content-Type', 'text/html; charset=utf-8')
    res.end(html('A foreign page', pages.get(req.url ?? '/') ?? ''))
  })
  return {
    origin: `http://127.0.0.1:${server.port}`,
    neighbour: `http://localhost:${server.port}`,
    visits,
    put: (path, body) => void pages.set(path, body),
    close: () => server.close(),
  }
}
