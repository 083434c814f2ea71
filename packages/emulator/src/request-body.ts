import { Buffer } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Longest body of the accounts endpoints and the control API; one more byte is answered with 413. */
const MAX_FORM_BYTES = 64 * 1024

/** Longest body of a product API. It is hashed as it comes and never kept. */
const MAX_API_BODY_BYTES = 256 * 1024 * 1024

/** Parts of one multipart form. */
const MAX_PARTS = 100

/** The client sent more than the endpoint takes. */
export class BodyTooLong extends Error {
  override readonly name = 'BodyTooLong'
}

/** Whether a body is announced at all; most API requests have none. */
export function hasBody(request: IncomingMessage): boolean {
  const { headers } = request
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  await eachChunk(request, MAX_FORM_BYTES, (chunk) => chunks.push(chunk))
  return Buffer.concat(chunks)
}

/** Length in bytes and SHA-256 in hex. */
export interface Digest {
  readonly length: number
  readonly sha256: string
}

const NOTHING: Digest = { length: 0, sha256: createHash('sha256').digest('hex') }

export async function digestBody(request: IncomingMessage): Promise<Digest> {
  if (!hasBody(request)) return NOTHING
  const hash = createHash('sha256')
  const length = await eachChunk(request, MAX_API_BODY_BYTES, (chunk) => hash.update(chunk))
  return { length, sha256: hash.digest('hex') }
}

async function eachChunk(
  request: IncomingMessage,
  limit: number,
  take: (chunk: Buffer) => unknown,
): Promise<number> {
  let length = 0
  // the connection must survive a body that is too long, to carry the answer
  const chunks: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false })
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > limit) throw new BodyTooLong(`the body is longer than ${limit} bytes`)
    take(chunk)
  }
  return length
}

/**
 * The parameters of a form, in any of the encodings Zoho documents. A body of another kind has none.
 *
 * @param contentType The `Content-Type` header.
 */
export function formParameters(body: Buffer, contentType: string | undefined): URLSearchParams {
  const type = contentType ?? ''
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return new URLSearchParams(body.toString('utf8'))
  if (/^multipart\/form-data\b/i.test(type)) return multipartParameters(body, type)
  return new URLSearchParams()
}

/** The text fields of a multipart form (RFC 7578). Files are taken as text: no endpoint here expects one. */
function multipartParameters(body: Buffer, contentType: string): URLSearchParams {
  const found = new URLSearchParams()
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType)
  const mark = boundary?.[1] ?? boundary?.[2]
  if (mark === undefined) return found
  // latin1 keeps every byte, so that positions and boundaries hold whatever the fields contain
  const parts = `\r\n${body.toString('latin1')}`.split(`\r\n--${mark}`, MAX_PARTS)
  for (const part of parts.slice(1)) {
    const headEnd = part.indexOf('\r\n\r\n')
    const name = /content-disposition:[^\r\n]*\bname="([^"]*)"/i.exec(
      part.slice(0, Math.max(headEnd, 0)),
    )?.[1]
    if (name === undefined) continue
    found.append(utf8(name), utf8(part.slice(headEnd + 4)))
  }
  return found
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}
