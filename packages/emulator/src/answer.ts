import { Buffer } from 'node:buffer'
import type { ServerResponse } from 'node:http'

/** A complete HTTP answer, still to be sent. */
export interface Answer {
  readonly status: number
  readonly body: string
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  /** What the request log says about it. */
  readonly outcome: string
}

/** Zoho sends this for errors too. */
const JSON_TYPE = 'application/json;charset=UTF-8'
export const HTML_TYPE = 'text/html;charset=UTF-8'

export function json(status: number, value: unknown, outcome: string): Answer {
  return { status, body: JSON.stringify(value), contentType: JSON_TYPE, outcome }
}

export function html(status: number, title: string, outcome: string, main = ''): Answer {
  const body = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title></head>
<body><h1>${escaped(title)}</h1>${main}</body></html>
`
  return { status, body, contentType: HTML_TYPE, outcome }
}

export function redirect(location: string, outcome: string, status = 302): Answer {
  return { status, body: '', headers: { location }, outcome }
}

/** Makes a text safe inside HTML and inside a quoted attribute. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** Writes the answer. Harmless if the client has gone. */
export function send(response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return
  const headers: Record<string, string | number> = { ...answer.headers, 'cache-control': 'no-store' }
  if (answer.contentType !== undefined) headers['content-type'] = answer.contentType
  if (answer.status !== 204 && answer.status !== 304)
    headers['content-length'] = Buffer.byteLength(answer.body)
  response.writeHead(answer.status, headers)
  response.end(answer.body)
}
