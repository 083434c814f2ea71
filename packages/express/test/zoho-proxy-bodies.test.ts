import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from '@jest/globals'
import { QUICK } from '../../../checks/support/form.mjs'
import { until } from '../../../checks/support/waiting.mjs'
import { MAX_REPLAYED_BYTES } from '../src/proxy/request-body.js'
import { ask, MIB, PATH, proxied, upstream } from './proxy-support.js'
import { emulate, engine, single } from './support.js'

/** Larger than what kernels and streams hold on the way, with room for slow machines. */
const LARGE = 64 * MIB

/** Most that may be on its way at once: the sockets' own buffers, and little of ours. */
const MAX_UNDER_WAY = 24 * MIB

const CHUNK = Buffer.alloc(65_536, 'the same bytes again ')

/** Writes `LARGE` bytes as fast as they are taken, and counts them. */
async function writeLarge(into: Writable, count: (bytes: number) => void, isChunked = false): Promise<void> {
  const piece = isChunked ? Buffer.concat([Buffer.from('10000\r\n'), CHUNK, Buffer.from('\r\n')]) : CHUNK
  for (let sent = 0; sent < LARGE && !into.destroyed; sent += CHUNK.length) {
    count(CHUNK.length)
    if (!into.write(piece))
      await new Promise<void>((resolve) => {
        const go = (): void => {
          into.off('drain', go).off('close', go)
          resolve()
        }
        into.on('drain', go).on('close', go)
      })
  }
}

const LARGE_DIGEST = (() => {
  const hash = createHash('sha256')
  for (let length = 0; length < LARGE; length += CHUNK.length) hash.update(CHUNK)
  return hash.digest('hex')
})()

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes in buffers that somebody still holds. */
function liveBytes(): number {
  // V8 frees buffers behind a collection, and has done so when the next one begins.
  collectGarbage()
  collectGarbage()
  return process.memoryUsage().arrayBuffers
}

async function digestOf(stream: IncomingMessage): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** Waits until a number has stopped growing for many turns of the event loop. */
async function still(read: () => number): Promise<number> {
  let last = -1
  for (let turns = 0; turns < MAX_QUIET_TURNS; turns++) {
    if (read() !== last) turns = 0
    last = read()
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return last
}

/** Of one millisecond or more each. A number that grows on later only makes a test more forgiving. */
const MAX_QUIET_TURNS = 100

/** An upload under way. */
function upload(origin: string, headers: Record<string, string | number> = {}) {
  const sending = request(`${origin}${PATH}`, { method: 'POST', headers, agent: false })
  let sent = 0
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    sending.on('response', resolve)
    sending.on('error', reject)
  })
  const done = writeLarge(sending, (bytes) => {
    sent += bytes
  }).then(() => void sending.end())
  return { sending, answer, done, sent: () => sent }
}

// Replays.

test.each([
  { bytes: 0, chunked: false, times: 2 },
  { bytes: 1, chunked: false, times: 2 },
  { bytes: MAX_REPLAYED_BYTES - 1, chunked: false, times: 2 },
  { bytes: MAX_REPLAYED_BYTES, chunked: false, times: 2 },
  { bytes: MAX_REPLAYED_BYTES + 1, chunked: false, times: 1 },
  { bytes: 0, chunked: true, times: 2 },
  { bytes: MAX_REPLAYED_BYTES, chunked: true, times: 2 },
  { bytes: MAX_REPLAYED_BYTES + 1, chunked: true, times: 1 },
  { bytes: MIB, chunked: true, times: 1 },
])(
  'after a deleted token a body of $bytes bytes (chunked: $chunked) is sent $times times',
  async ({ bytes, chunked, times }) => {
    const emulator = await emulate()
    const { origin } = await proxied(engine(single(emulator)))
    const body = Buffer.alloc(bytes, 'a')
    const post = () =>
      fetch(`${origin}${PATH}`, {
        method: 'POST',
        body: chunked ? new Blob([body]).stream() : body,
        duplex: 'half',
      } as RequestInit)
    expect((await post()).status).toBe(200)
    emulator.killTokens()
    emulator.resetCounters()
    const response = await post()
    const answer = (await response.json()) as {
      code?: string
      echo?: { bodyLength: number; bodySha256: string }
    }
    expect(emulator.counters.apiRequests).toBe(times)
    const sent = { bodyLength: bytes, bodySha256: createHash('sha256').update(body).digest('hex') }
    if (times === 2) expect([response.status, answer.echo]).toEqual([200, expect.objectContaining(sent)])
    else expect([response.status, answer.code]).toEqual([401, 'INVALID_TOKEN'])
    // Sent again by the client, it goes out with a token made since.
    const again = await post()
    expect(await again.json()).toMatchObject({ echo: sent })
    expect(emulator.counters.tokenRequests).toBe(1)
  },
)

test('requests without a body are replayed too', async () => {
  const emulator = await emulate()
  const { origin } = await proxied(engine(single(emulator)))
  const statuses: number[] = []
  for (const method of ['GET', 'DELETE']) {
    await fetch(`${origin}${PATH}`)
    emulator.killTokens()
    statuses.push((await fetch(`${origin}${PATH}`, { method })).status)
  }
  expect(statuses).toEqual([200, 200])
})

// Large bodies.

test.each([{ length: LARGE }, { length: undefined }])(
  'an upload of 64 MiB arrives whole (announced: $length)',
  async ({ length }) => {
    const emulator = await emulate()
    const { origin } = await proxied(engine(single(emulator)))
    const { answer, done } = upload(origin, length === undefined ? {} : { 'content-length': length })
    const chunks: Buffer[] = []
    for await (const chunk of await answer) chunks.push(chunk as Buffer)
    await done
    const { echo } = JSON.parse(Buffer.concat(chunks).toString()) as { echo: Record<string, unknown> }
    expect(echo).toMatchObject({ bodyLength: LARGE, bodySha256: LARGE_DIGEST })
    expect(echo.headers).toMatchObject(
      length === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(LARGE) },
    )
  },
)

test('an upload is read no faster than Zoho takes it', async () => {
  let go = (): void => {}
  const held = new Promise<void>((resolve) => {
    go = resolve
  })
  const { auth, seen } = await upstream(async (req, res) => {
    await held
    res.end(await digestOf(req))
  })
  const { origin } = await proxied(auth)
  const { answer, done, sent } = upload(origin)
  await until(() => seen.length > 0)
  expect(await still(sent)).toBeLessThan(MAX_UNDER_WAY)
  go()
  const chunks: Buffer[] = []
  for await (const chunk of await answer) chunks.push(chunk as Buffer)
  await done
  expect(Buffer.concat(chunks).toString()).toBe(LARGE_DIGEST)
})

const slow = QUICK ? test.skip : test

slow('neither an upload nor a download is kept in memory', async () => {
  const live: number[] = []
  const measure = (before: number, after: number): void => {
    if (Math.floor(before / MEASURED_EVERY) < Math.floor(after / MEASURED_EVERY)) live.push(liveBytes())
  }
  const { auth } = await upstream(async (req, res) => {
    let taken = 0
    for await (const chunk of req) {
      measure(taken, taken + (chunk as Buffer).length)
      taken += (chunk as Buffer).length
    }
    let made = 0
    await writeLarge(res, (bytes) => {
      measure(made, made + bytes)
      made += bytes
    })
    res.end()
  })
  const { origin } = await proxied(auth)
  const before = liveBytes()
  const { answer, done } = upload(origin)
  for await (const chunk of await answer) void chunk
  await done
  expect(live).toHaveLength((2 * LARGE) / MEASURED_EVERY)
  expect(Math.max(...live) - before).toBeLessThan(MAX_KEPT)
})

/** In bytes; a measurement takes a moment. */
const MEASURED_EVERY = 16 * MIB

/** Most that may be held of a transfer at any time, by client, app and product together. Half a MiB was seen. */
const MAX_KEPT = 8 * MIB

test('a download of 64 MiB arrives whole, and is read no faster than the client takes it', async () => {
  let made = 0
  const { auth } = await upstream((_req, res) => {
    res.setHeader('content-length', LARGE)
    return writeLarge(res, (bytes) => {
      made += bytes
    })
  })
  const { origin } = await proxied(auth)
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(`${origin}${PATH}`, { agent: false }, resolve).on('error', reject).end()
  })
  expect(answer.headers['content-length']).toBe(String(LARGE))
  expect(await still(() => made)).toBeLessThan(MAX_UNDER_WAY)
  expect(await digestOf(answer)).toBe(LARGE_DIGEST)
  expect(made).toBe(LARGE)
})

test.each([
  { what: 'Zoho answers before the end of an upload', status: '413' },
  { what: 'an upload finds no token', status: '409' },
  { what: 'an upload finds the door closed', status: '403' },
])('where $what, the client gets the answer, and its connection lives on', async ({ status }) => {
  const { auth, emulator } = await upstream((req, res) => {
    if (req.method === 'POST') res.writeHead(413).end('too large')
    else res.end('alive')
  })
  if (status === '409') emulator.revokeGrant(emulator.refreshToken)
  const { origin } = await proxied(auth, { authorize: () => status !== '403' })
  for (const isChunked of [false, true]) {
    const head = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${LARGE}`
    // Node's own client stops sending if an answer comes early.
    const socket = connect(Number(new URL(origin).port), '127.0.0.1')
    let text = ''
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text += piece
    })
    socket.write(`POST ${PATH} HTTP/1.1\r\nHost: app\r\n${head}\r\n\r\n`)
    await writeLarge(socket, () => {}, isChunked)
    if (isChunked) socket.write('0\r\n\r\n')
    socket.write('GET /other HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n')
    await once(socket, 'close')
    expect([...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => code)).toEqual([status, '404'])
  }
})

// Zoho refused an upload by its headers and hung up; the next write met the closed connection, and the client got a 503.
test.each([
  { how: 'hangs up', chunked: false, hangUp: (socket: Socket) => socket.destroy() },
  { how: 'hangs up', chunked: true, hangUp: (socket: Socket) => socket.destroy() },
  { how: 'resets the connection', chunked: false, hangUp: (socket: Socket) => socket.resetAndDestroy() },
  { how: 'resets the connection', chunked: true, hangUp: (socket: Socket) => socket.resetAndDestroy() },
])(
  'where Zoho answers 413 at once and $how, the client gets the 413 (chunked: $chunked)',
  async ({ chunked, hangUp }) => {
    const { auth, seen } = await upstream(({ socket }) => {
      const answer =
        'HTTP/1.1 413 Payload Too Large\r\nContent-Length: 9\r\nConnection: close\r\n\r\ntoo large'
      socket.pause().write(answer, () => hangUp(socket))
    })
    const { origin, errors } = await proxied(auth)
    const statuses: unknown[] = []
    for (let turn = 0; turn < UPLOADS; turn++) {
      const { sending, answer } = upload(origin, chunked ? {} : { 'content-length': LARGE })
      statuses.push((await answer).statusCode)
      sending.destroy()
    }
    expect(statuses).toEqual(Array.from({ length: UPLOADS }, () => 413))
    expect(seen).toHaveLength(UPLOADS)
    expect(errors).toEqual([])
  },
)

/** Each has a moment of its own in which Zoho hangs up. */
const UPLOADS = 10

// Who goes away.

test.each([
  { when: 'while Zoho thinks', answers: () => {}, body: undefined },
  {
    when: 'in the middle of an answer',
    answers: (res: ServerResponse) => writeLarge(res, () => {}),
    body: undefined,
  },
  { when: 'in the middle of an upload', answers: () => {}, body: CHUNK },
])('a client that leaves $when ends the request to Zoho, and nobody is told', async ({ answers, body }) => {
  let isClosed = false
  const { auth, seen } = await upstream((req, res) => {
    res.on('close', () => {
      isClosed = true
    })
    req.on('error', () => {}).resume()
    void answers(res)
  })
  const { origin, errors } = await proxied(auth)
  const sending = request(`${origin}${PATH}`, { method: body ? 'POST' : 'GET', agent: false })
  sending.on('error', () => {})
  if (body === undefined) {
    const begun = new Promise((resolve) => sending.on('response', (res) => res.once('readable', resolve)))
    sending.end()
    if (answers.length > 0) await begun
  } else {
    sending.write(body)
    sending.write(body)
  }
  await until(() => seen.length > 0)
  expect(isClosed).toBe(false)
  sending.destroy()
  await until(() => isClosed)
  expect(errors).toEqual([])
})

test('a client that leaves before a token was needed costs none', async () => {
  const { auth, emulator } = await upstream((_req, res) => res.end())
  let decide = (_may: boolean): void => {}
  let isAsked = false
  let isLeft = false
  const { origin, errors } = await proxied(auth, {
    authorize: (req) => {
      isAsked = true
      req.once('close', () => {
        isLeft = true
      })
      return new Promise((resolve) => {
        decide = resolve
      })
    },
  })
  const sending = request(`${origin}${PATH}`, { agent: false })
  sending.on('error', () => {})
  sending.end()
  await until(() => isAsked)
  sending.destroy()
  await until(() => isLeft)
  decide(true)
  expect((await ask(`${origin}/other`)).statusCode).toBe(404)
  expect(errors).toEqual([])
  expect(emulator.requests).toEqual([])
})

test('a client that leaves in the middle of a small body sends nothing', async () => {
  const { auth, emulator, seen } = await upstream((_req, res) => res.end())
  let isLeft = false
  const { origin, errors } = await proxied(auth, {
    authorize: (req) => {
      req.once('close', () => {
        isLeft = true
      })
      return true
    },
  })
  const sending = request(`${origin}${PATH}`, {
    method: 'POST',
    headers: { 'content-length': 10 },
    agent: false,
  })
  sending.on('error', () => {})
  sending.write('half')
  await until(() => emulator.counters.tokenRequests > 0)
  sending.destroy()
  await until(() => isLeft)
  expect((await ask(`${origin}/other`)).statusCode).toBe(404)
  expect(errors).toEqual([])
  expect(seen).toEqual([])
})

test.each([
  { how: 'of a known length', headers: { 'content-length': '100' } },
  { how: 'in chunks', headers: {} },
])('an answer $how that breaks off at Zoho breaks off at the client', async ({ headers }) => {
  const { auth } = await upstream((_req, res) => {
    res.writeHead(200, headers)
    res.write('0123456789', () => res.destroy())
  })
  const { origin, errors } = await proxied(auth)
  await expect(ask(`${origin}${PATH}`)).rejects.toThrow(/aborted|hang up/)
  await until(() => errors.length > 0)
  expect(errors).toEqual([expect.objectContaining({ code: 'ERR_ZOHO_UNAVAILABLE' })])
})

test('an answer that stops half-way is ended after timeoutMs', async () => {
  const { auth } = await upstream((_req, res) => void res.write('0123456789'))
  await auth.getToken()
  const { origin, errors } = await proxied(auth, { timeoutMs: 1_000 })
  await expect(ask(`${origin}${PATH}`)).rejects.toThrow(/aborted|hang up/)
  await until(() => errors.length > 0)
  expect(errors).toEqual([expect.objectContaining({ code: 'ERR_ZOHO_TIMEOUT' })])
})

test('a client that leaves its answer unread is left after timeoutMs', async () => {
  let isClosed = false
  const { auth } = await upstream((_req, res) => {
    res.on('close', () => {
      isClosed = true
    })
    return writeLarge(res, () => {})
  })
  await auth.getToken()
  const { origin, errors } = await proxied(auth, { timeoutMs: 1_000 })
  const sending = request(`${origin}${PATH}`, { agent: false }, () => {})
  sending.on('error', () => {})
  sending.end()
  await until(() => isClosed)
  expect(errors).toEqual([expect.objectContaining({ code: 'ERR_ZOHO_TIMEOUT' })])
  sending.destroy()
})

test('a client may take longer than timeoutMs to send', async () => {
  const { auth } = await upstream(async (req, res) => res.end(await digestOf(req)))
  const timeoutMs = 1_000
  const { origin } = await proxied(auth, { timeoutMs })
  for (const bytes of [4, MAX_REPLAYED_BYTES]) {
    const hash = createHash('sha256')
    const sending = request(`${origin}${PATH}`, { method: 'POST', agent: false })
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      sending.on('response', resolve)
      sending.on('error', reject)
    })
    const send = (chunk: Buffer): void => {
      hash.update(chunk)
      sending.write(chunk)
    }
    send(Buffer.alloc(bytes, 'a'))
    // It moves often: a machine that stops for a moment is not taken for a client that does.
    for (const start = Date.now(); Date.now() - start < 1.5 * timeoutMs; ) {
      await new Promise((resolve) => setTimeout(resolve, 0.05 * timeoutMs))
      send(Buffer.alloc(4, 'a'))
    }
    sending.end()
    const chunks: Buffer[] = []
    for await (const chunk of await answer) chunks.push(chunk as Buffer)
    expect(Buffer.concat(chunks).toString()).toBe(hash.digest('hex'))
  }
})
