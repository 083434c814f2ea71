import { gzipSync } from 'node:zlib'
import type { HttpAnswer } from './fault.js'

/** The answer that bytes hold, once it is whole. The emulator always says how long its answers are. */
export function wholeAnswer(bytes: Buffer): HttpAnswer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = bytes.subarray(0, end + 4).toString('latin1')
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0)
  const body = bytes.subarray(end + 4)
  return body.length < length ? undefined : { head, body }
}

/** An answer in place of the server's, with a length that is right. */
export function answer(
  status: number,
  body: string | Buffer = '',
  headers: Readonly<Record<string, string>> = {},
): Buffer {
  const bytes = Buffer.from(body as string)
  const all = { 'content-type': 'application/json', 'content-length': String(bytes.length), ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Whatever\r\n${lines.join('')}\r\n`, 'latin1'), bytes])
}

export function page(status: number, headers: Readonly<Record<string, string>> = {}): Buffer {
  const html = '<!doctype html><html><head><title>Zoho</title></head><body>We will be back.</body></html>'
  return answer(status, html, { 'content-type': 'text/html;charset=UTF-8', ...headers })
}

/** The server's answer, whole. */
export function joined({ head, body }: HttpAnswer): Buffer {
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}

type Rewrite = (answer: HttpAnswer) => Buffer

/** The server's answer with other lines in its head. `undefined` takes a line out. */
export function headed(changes: Readonly<Record<string, string | undefined>>, more = ''): Rewrite {
  return ({ head, body }) => {
    const names = Object.keys(changes)
    const kept = head
      .split('\r\n')
      .filter((line) => line !== '' && !names.some((name) => line.toLowerCase().startsWith(`${name}:`)))
    const added = Object.entries(changes).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}: ${value}`],
    )
    return Buffer.concat([Buffer.from(`${[...kept, ...added].join('\r\n')}${more}\r\n\r\n`, 'latin1'), body])
  }
}

/** The server's answer with another body, and the length of that. */
export function bodied(
  change: (body: Buffer) => Buffer,
  headers: Readonly<Record<string, string>> = {},
): Rewrite {
  return ({ head, body }) => {
    const changed = change(body)
    return headed({ 'content-length': String(changed.length), ...headers })({ head, body: changed })
  }
}

/** The fields of the server's JSON, changed. */
export function fielded(fields: Readonly<Record<string, unknown>>): Rewrite {
  return bodied((body) =>
    Buffer.from(JSON.stringify({ ...(JSON.parse(body.toString()) as object), ...fields })),
  )
}

/** The server's body in chunks (RFC 9112 section 7.1), with `end` behind them. */
export function chunked(
  bytes: number,
  end = '0\r\n\r\n',
  size = (n: number): string => n.toString(16),
): Rewrite {
  return ({ head, body }) => {
    const chunks: Buffer[] = []
    for (let at = 0; at < body.length; at += bytes) {
      const chunk = body.subarray(at, at + bytes)
      chunks.push(Buffer.from(`${size(chunk.length)}\r\n`), chunk, Buffer.from('\r\n'))
    }
    const headless = { head, body: Buffer.concat([...chunks, Buffer.from(end)]) }
    return headed({ 'content-length': undefined, 'transfer-encoding': 'chunked' })(headless)
  }
}

export const gzipped: Rewrite = bodied((body) => gzipSync(body), { 'content-encoding': 'gzip' })
