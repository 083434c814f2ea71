import { createHash } from 'node:crypto'
import {
  createServer,
  type IncomingMessage,
  request as requestOf,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import { inspect } from 'node:util'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type { Emulator } from '@zoho-auth/emulator'
import FormDataPackage from 'form-data'
import * as undici from 'undici'
import { until } from '../../../checks/support/waiting.mjs'
import { byHand, CANDIDATES, closing, codeOf, emulate, engine, recruit, turning } from './support.js'

interface Echo {
  readonly method: string
  readonly bodyLength: number
  readonly bodySha256: string
  readonly contentType: string | null
}
const echoOf = async (response: Response) => ((await response.json()) as { echo: Echo }).echo
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const post = (body: unknown, more: object = {}) => ({
  method: 'POST',
  body: body as string,
  ...recruit,
  ...more,
})

/** An engine whose token was accepted once and is dead now. */
async function withDeadToken() {
  const emulator = await emulate()
  const warnings: string[] = []
  const zoho = engine(emulator, { logger: { warn: (message) => warnings.push(message) } })
  await (await zoho.fetch(CANDIDATES, recruit)).arrayBuffer()
  emulator.killTokens()
  emulator.resetCounters()
  return { emulator, zoho, warnings }
}

/** A server of its own. */
async function listen(
  answer: (request: IncomingMessage) => [number, Record<string, string>],
  body = '{}',
): Promise<{
  readonly url: string
  readonly seen: IncomingMessage[]
  readonly server: Server
}> {
  const seen: IncomingMessage[] = []
  const server = createServer((request, response) => {
    seen.push(request)
    request.resume()
    const [status, headers] = answer(request)
    request.on('end', () => response.writeHead(status, headers).end(body))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  closing({
    close: async () => {
      server.closeAllConnections()
      server.close()
    },
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, server }
}

/** Tokens that arrived with API requests, and how often each. */
function tokensSent(emulator: Emulator): number[] {
  const counts = new Map<string, number>()
  for (const { kind, authorization } of emulator.requests)
    if (kind === 'api' && authorization) counts.set(authorization, (counts.get(authorization) ?? 0) + 1)
  return [...counts.values()]
}

describe('every product’s dead token is replaced, without the caller noticing', () => {
  test.each([
    ['recruit', '/recruit/v2/Candidates'],
    ['crm', '/crm/v8/Leads'],
    ['books', '/books/v3/invoices'],
    ['desk', '/api/v1/tickets'],
    ['people', '/people/api/forms'],
    ['creator', '/creator/v2.1/data/ada/app/report/all'],
    ['mail', '/api/accounts'],
    ['projects', '/api/v3/portals'],
    ['cliq', '/api/v2/channels'],
    ['analytics', '/restapi/v2/workspaces'],
    ['phonebridge', '/phonebridge/v3/calls'],
  ] as const)('%s', async (product, path) => {
    const emulator = await emulate()
    const zoho = engine(emulator)
    expect((await zoho.fetch(path, { product })).status).toBe(200)
    emulator.killTokens()
    expect((await zoho.fetch(path, { product })).status).toBe(200)
    expect(emulator.counters.tokenRequests).toBe(2)
  })
})

describe('bodies that can be sent again arrive whole', () => {
  const form = () => {
    const data = new FormData()
    data.set('name', 'Ada')
    data.set('cv', new Blob(['a long story']), 'cv.txt')
    return data
  }
  test.each<[string, () => unknown, string | undefined]>([
    ['none', () => undefined, ''],
    ['a string', () => '{"a":1}', '{"a":1}'],
    ['an empty string', () => '', ''],
    ['a Buffer', () => Buffer.from('bytes'), 'bytes'],
    ['a Uint8Array', () => new TextEncoder().encode('bytes'), 'bytes'],
    ['an ArrayBuffer', () => new TextEncoder().encode('bytes').buffer, 'bytes'],
    ['URLSearchParams', () => new URLSearchParams({ a: '1', b: '2' }), 'a=1&b=2'],
    ['a Blob', () => new Blob(['blob']), 'blob'],
    ['FormData', form, undefined],
  ])('%s', async (_name, body, want) => {
    const { emulator, zoho } = await withDeadToken()
    const response = await zoho.fetch(CANDIDATES, post(body()))
    expect(response.status).toBe(200)
    const echo = await echoOf(response)
    expect(echo.method).toBe('POST')
    if (want === undefined) expect(echo.bodyLength).toBeGreaterThan(200)
    else expect(echo.bodySha256).toBe(sha256(want))
    expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 2 })
  })

  test('a Request with a body', async () => {
    const { emulator, zoho } = await withDeadToken()
    const request = new Request(`${emulator.url}${CANDIDATES}`, {
      method: 'PUT',
      body: '{"whole":true}',
      headers: { 'content-type': 'application/json', 'x-mine': 'kept' },
    })
    const echo = await echoOf(await zoho.fetch(request))
    expect(echo).toMatchObject({
      method: 'PUT',
      bodySha256: sha256('{"whole":true}'),
      contentType: 'application/json',
    })
  })

  test('undici’s own Request, which is not Node’s', async () => {
    const { emulator, zoho } = await withDeadToken()
    const request = new undici.Request(`${emulator.url}${CANDIDATES}`, {
      method: 'POST',
      body: 'from undici',
    })
    const echo = await echoOf(await zoho.fetch(request as unknown as Request))
    expect(echo).toMatchObject({ method: 'POST', bodySha256: sha256('from undici') })
  })
})

describe('bodies that cannot be sent again are sent once, whole, and the refusal is handed on with a hint', () => {
  const formData = () => {
    const data = new FormDataPackage()
    data.append('name', 'Ada')
    return data
  }
  test.each<[string, () => unknown]>([
    ['a Node stream', () => Readable.from([Buffer.from('stre'), Buffer.from('amed')])],
    ['a web stream', () => new Blob(['streamed']).stream()],
    [
      'an async iterator',
      async function* () {
        yield Buffer.from('streamed')
      },
    ],
    ['the form-data package', formData],
  ])('%s', async (_name, make) => {
    const body = () => (typeof make() === 'function' ? (make() as () => unknown)() : make())
    const { emulator, zoho, warnings } = await withDeadToken()
    const hints: (string | undefined)[] = []
    zoho.on('token.rejected', ({ hint }) => hints.push(hint))
    const refused = await zoho.fetch(CANDIDATES, post(body()))
    expect(refused.status).toBe(401)
    expect(((await refused.json()) as { code: string }).code).toBe('INVALID_TOKEN')
    expect(hints).toEqual([expect.stringContaining('stream')])
    expect(warnings).toHaveLength(1)
    expect(emulator.counters).toMatchObject({ tokenRequests: 0, apiRequests: 1 })
    // The next request gets another token.
    const echo = await echoOf(await zoho.fetch(CANDIDATES, post(body())))
    expect(echo.bodyLength).toBeGreaterThan(0)
    expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 2 })
    expect(Math.max(...tokensSent(emulator))).toBeLessThanOrEqual(2)
  })

  test('form-data brings its own content type', async () => {
    const emulator = await emulate()
    const echo = await echoOf(await engine(emulator).fetch(CANDIDATES, post(formData())))
    expect(echo.contentType).toMatch(/^multipart\/form-data; ?boundary=/)
    expect(echo.bodyLength).toBeGreaterThan(60)
  })

  test('a stream that was read already is refused before anything is sent', async () => {
    const emulator = await emulate()
    const zoho = engine(emulator)
    const stream = Readable.from([Buffer.from('gone')])
    for await (const _ of stream);
    await expect(zoho.fetch(CANDIDATES, post(stream))).rejects.toThrow(/read already/)
    const request = new Request(`${emulator.url}${CANDIDATES}`, { method: 'POST', body: 'gone' })
    await request.text()
    await expect(zoho.fetch(request)).rejects.toThrow(/read already/)
    expect(emulator.counters.apiRequests).toBe(0)
  })
})

describe('replays have an end', () => {
  test('a refused token that nobody accepted yet and that is young gets another second', async () => {
    const { clock, emulator, zoho } = await byHand()
    emulator.fault({ on: 'api', kind: 'dead-token' })
    const startedAt = clock.now()
    const response = await turning(clock, zoho.fetch(CANDIDATES, recruit), 100)
    expect(response.status).toBe(200)
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(1_000)
    expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 2 })
  })

  test('one that is older than five seconds does not', async () => {
    const { clock, emulator, zoho } = await byHand()
    await zoho.getToken()
    await clock.advance(5_000)
    emulator.fault({ on: 'api', kind: 'dead-token' })
    expect((await zoho.fetch(CANDIDATES, recruit)).status).toBe(200)
    expect(emulator.counters).toMatchObject({ tokenRequests: 2, apiRequests: 2 })
  })

  test('an API that refuses every token costs one refresh, then its answers are handed on with a hint', async () => {
    const { emulator, zoho, warnings } = await withDeadToken()
    emulator.fault({ on: 'api', kind: 'dead-token', times: Number.POSITIVE_INFINITY })
    for (let call = 0; call < 10; call++) expect((await zoho.fetch(CANDIDATES, recruit)).status).toBe(401)
    expect(emulator.counters.tokenRequests).toBe(1)
    expect(emulator.counters.apiRequests).toBe(11)
    expect(warnings).toEqual([expect.stringContaining('wrong host or data centre?')])
    // It recovers by itself once tokens are accepted there.
    emulator.clearFaults()
    expect((await zoho.fetch(CANDIDATES, recruit)).status).toBe(200)
    emulator.killTokens()
    expect((await zoho.fetch(CANDIDATES, recruit)).status).toBe(200)
    expect(emulator.counters.tokenRequests).toBe(2)
  })

  test.each(['scope-mismatch', 'no-permission'] as const)(
    '%s is handed on without a refresh',
    async (kind) => {
      const emulator = await emulate()
      const zoho = engine(emulator)
      emulator.fault({ on: 'api', kind })
      const response = await zoho.fetch(CANDIDATES, recruit)
      expect([401, 403]).toContain(response.status)
      expect(((await response.json()) as { code: string }).code).toMatch(/SCOPE|PERMISSION/)
      expect(emulator.counters.tokenRequests).toBe(1)
    },
  )

  test.each([400, 404, 429, 500, 503])('%d is handed on untouched', async (status) => {
    const emulator = await emulate()
    emulator.fault({ on: 'api', kind: 'status', status, body: 'the body', contentType: 'text/plain' })
    const response = await engine(emulator).fetch(CANDIDATES, recruit)
    expect(response.status).toBe(status)
    expect(await response.text()).toBe('the body')
    expect(emulator.counters.tokenRequests).toBe(1)
  })

  test('a dead grant found by a refused call is told to that caller, and the refused answer is not hidden by a hang', async () => {
    const { emulator, zoho } = await withDeadToken()
    emulator.revokeGrant(emulator.refreshToken)
    expect(await codeOf(zoho.fetch(CANDIDATES, recruit))).toBe('ERR_ZOHO_CONSENT_REQUIRED')
  })
})

describe('options of fetch', () => {
  test('method, headers and signal arrive', async () => {
    const emulator = await emulate()
    const zoho = engine(emulator)
    const response = await zoho.fetch(CANDIDATES, {
      ...recruit,
      method: 'DELETE',
      headers: { 'x-mine': 'kept' },
    })
    const { echo } = (await response.json()) as { echo: { method: string; headers: Record<string, string> } }
    expect(echo).toMatchObject({ method: 'DELETE', headers: { 'x-mine': 'kept' } })
    await expect(
      zoho.fetch(CANDIDATES, { ...recruit, signal: AbortSignal.abort(new Error('left')) }),
    ).rejects.toThrow('left')
  })

  test('the scheme can be Bearer', async () => {
    const emulator = await emulate()
    const seen: (string | null)[] = []
    const zoho = engine(emulator, {
      scheme: 'Bearer',
      fetch: (input, init) => {
        seen.push(new Headers(init?.headers).get('authorization'))
        return fetch(input, init)
      },
    })
    expect((await zoho.fetch(CANDIDATES, recruit)).status).toBe(200)
    expect(seen.at(-1)).toMatch(/^Bearer /)
  })

  test('a relative URL needs a product, and an unknown product is named', async () => {
    const zoho = engine(await emulate())
    await expect(zoho.fetch('/recruit/v2/Candidates')).rejects.toThrow(/needs a product/)
    await expect(zoho.fetch('/x', { product: 'excel' as 'crm' })).rejects.toThrow(/"excel" is not a product/)
  })
})

describe('redirects', () => {
  test.each([301, 302, 303, 307, 308])(
    '%d to a foreign host is followed without the token',
    async (status) => {
      const emulator = await emulate()
      const foreign = await listen(() => [200, {}])
      emulator.fault({ on: 'api', kind: 'redirect', url: `${foreign.url}/elsewhere`, status: status as 301 })
      const response = await engine(emulator).fetch(CANDIDATES, {
        ...recruit,
        headers: { cookie: 'session=1' },
      })
      expect(response.status).toBe(200)
      expect(foreign.seen).toHaveLength(1)
      expect(foreign.seen[0]?.headers).not.toHaveProperty('authorization')
      expect(foreign.seen[0]?.headers).not.toHaveProperty('cookie')
    },
  )

  test('what a foreign host says about tokens costs no refresh', async () => {
    const emulator = await emulate()
    const foreign = await listen(
      () => [401, { 'content-type': 'application/json' }],
      '{"code":"INVALID_TOKEN"}',
    )
    const zoho = engine(emulator)
    for (let call = 0; call < 3; call++) {
      emulator.fault({ on: 'api', kind: 'redirect', url: `${foreign.url}/recruit/v2/x`, status: 302 })
      expect((await zoho.fetch(CANDIDATES, recruit)).status).toBe(401)
    }
    expect(emulator.counters.tokenRequests).toBe(1)
  })

  test.each([307, 308])('%d with a body is not followed to a foreign host', async (status) => {
    const emulator = await emulate()
    const foreign = await listen(() => [200, {}])
    emulator.fault({ on: 'api', kind: 'redirect', url: foreign.url, status: status as 307 })
    const response = await engine(emulator).fetch(CANDIDATES, post('private'))
    expect(response.status).toBe(status)
    expect(foreign.seen).toHaveLength(0)
  })

  test('to an allowed origin it goes along', async () => {
    const emulator = await emulate()
    const allowed = await listen(() => [200, {}])
    emulator.fault({ on: 'api', kind: 'redirect', url: allowed.url, status: 307 })
    await engine(emulator, { allowedOrigins: [allowed.url] }).fetch(CANDIDATES, post('public'))
    expect(allowed.seen[0]?.headers.authorization).toMatch(/^Zoho-oauthtoken /)
  })

  test('a circle ends', async () => {
    const circle = await listen(() => [302, { location: '/again' }])
    const zoho = engine(await emulate(), { allowedOrigins: [circle.url] })
    await expect(zoho.fetch(`${circle.url}/`)).rejects.toThrow(/redirects/)
    expect(circle.seen.length).toBe(21)
  })

  test('redirect: "manual" and "error" are the caller’s', async () => {
    const emulator = await emulate()
    const zoho = engine(emulator)
    emulator.fault({ on: 'api', kind: 'redirect', url: 'http://127.0.0.1:1/', status: 302, times: 2 })
    expect((await zoho.fetch(CANDIDATES, { ...recruit, redirect: 'manual' })).status).toBe(302)
    await expect(zoho.fetch(CANDIDATES, { ...recruit, redirect: 'error' })).rejects.toThrow()
  })
})

describe('an answer is there as soon as it can be judged', () => {
  // A 400 or 401 whose body never ended was waited for without a limit.
  afterEach(() => void jest.useRealTimers())

  /** A server that begins its answer with these bytes and never ends it, and an engine whose timers are turned by hand. */
  async function unending(status: number, beginning: string) {
    const server = await listen(() => [200, {}])
    server.server
      .removeAllListeners('request')
      .on('request', (_: IncomingMessage, response: ServerResponse) => {
        response.writeHead(status, { 'content-type': 'application/json' }).write(beginning)
      })
    const zoho = engine(await emulate(), { allowedOrigins: [server.url], logger: { warn: () => {} } })
    await zoho.getToken()
    jest.useFakeTimers({
      now: Date.now(),
      doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'],
    })
    return { server, zoho, controller: new AbortController() }
  }
  const immediate = () => new Promise((resolve) => setImmediate(resolve))

  test.each([
    ['a whole refusal', 400, '{"code":"INVALID_DATA","details":["}"]}'],
    ['what is no JSON', 400, ' <html>'],
    ['a refusal for want of a scope', 401, '\uFEFF{"code":"OAUTH_SCOPE_MISMATCH"}'],
  ])('%s is not waited behind', async (_name, status, beginning) => {
    const { server, zoho, controller } = await unending(status, beginning)
    const response = await zoho.fetch(server.url, { signal: controller.signal })
    expect(response.status).toBe(status)
    controller.abort()
    expect(await response.text().catch((error: Error) => error.name)).toBe('AbortError')
  })

  test('one that never can be is, after two seconds', async () => {
    const { server, zoho, controller } = await unending(400, '{"code":"INVALID_')
    let response: Response | undefined
    void zoho.fetch(server.url, { signal: controller.signal }).then((answer) => {
      response = answer
    })
    while (jest.getTimerCount() === 0) await immediate()
    jest.advanceTimersByTime(1_999)
    for (let turn = 0; turn < 20; turn++) await immediate()
    expect(response).toBeUndefined()
    jest.advanceTimersByTime(1)
    while (response === undefined) await immediate()
    expect(response.status).toBe(400)
    controller.abort()
  })
})

describe('a Request is sent with all that it carries', () => {
  // Its agent was bypassed, with the token on board.
  test('its dispatcher has the replay too, and redirects where it can be read', async () => {
    const { emulator, zoho } = await withDeadToken()
    const agent = new undici.Agent()
    const paths: string[] = []
    const dispatcher = agent.compose((dispatch) => (options, handler) => {
      paths.push(String(options.path))
      return dispatch(options, handler)
    })
    emulator.fault({ on: 'api', kind: 'redirect', url: `${emulator.url}${CANDIDATES}`, status: 307 })
    const init: object = { method: 'POST', body: 'whole', dispatcher }
    const response = await zoho.fetch(new Request(`${emulator.url}/recruit/v2/Old`, init))
    expect((await echoOf(response)).bodySha256).toBe(sha256('whole'))
    // From undici 7 on it cannot.
    const symbols = Object.getOwnPropertySymbols(new Request(emulator.url)).map(
      ({ description }) => description,
    )
    const redirected = symbols.includes('dispatcher') ? [CANDIDATES] : []
    expect(paths).toEqual(['/recruit/v2/Old', ...redirected, '/recruit/v2/Old'])
    await agent.close()
  })

  // It was read whole before anything was sent, and an endless one hung.
  test('its stream is sent as it comes, once, and a refusal is handed on with a hint', async () => {
    const { emulator, zoho, warnings } = await withDeadToken()
    const arrived: Buffer[] = []
    const server = await listen(() => [200, {}])
    server.server.on('request', (request: IncomingMessage) => {
      request.on('data', (chunk: Buffer) => arrived.push(chunk))
    })
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const streaming = { method: 'POST', body: readable, duplex: 'half' } as RequestInit
    const open = engine(emulator, { allowedOrigins: [server.url] })
    const answer = open.fetch(new Request(server.url, streaming))
    await writer.write(Buffer.from('first'))
    await until(() => arrived.length > 0, 'the first bytes have arrived')
    await writer.close()
    expect((await answer).status).toBe(200)

    const body = new Blob(['streamed']).stream()
    const request = new Request(`${emulator.url}${CANDIDATES}`, { ...streaming, body })
    expect((await zoho.fetch(request)).status).toBe(401)
    expect(warnings).toEqual([expect.stringContaining('stream')])
  })

  // It hung for good: nothing of ours listened to a signal without `throwIfAborted`.
  test.each(['token', 'api'] as const)('a signal of another realm ends a wait: %s', async (on) => {
    const emulator = await emulate()
    emulator.fault({ on, kind: 'hang' })
    const zoho = engine(emulator)
    const inner = new AbortController()
    const signal = {
      get aborted() {
        return inner.signal.aborted
      },
      addEventListener: inner.signal.addEventListener.bind(inner.signal),
      removeEventListener: inner.signal.removeEventListener.bind(inner.signal),
    } as AbortSignal
    const hanging = new Promise<void>((resolve) => {
      emulator.onRequest(({ outcome }) => void (outcome === 'fault:hang' && resolve()))
    })
    const url = `${emulator.url}${CANDIDATES}`
    const outcome = zoho.fetch(url, { signal }).catch((error: Error) => error.name)
    await hanging
    inner.abort()
    expect(await outcome).toBe('AbortError')
  })

  test('init: null is no init', async () => {
    const emulator = await emulate()
    expect((await engine(emulator).fetch(`${emulator.url}${CANDIDATES}`, null as never)).status).toBe(200)
  })
})

describe('an Authorization of the caller’s own', () => {
  // It was replaced, although an adapter leaves it alone.
  test.each(['init', 'Request'])('in %s is left alone, and so is what comes of it', async (where) => {
    const emulator = await emulate()
    const zoho = engine(emulator)
    const url = `${emulator.url}${CANDIDATES}`
    const init = { headers: { authorization: 'Zoho-oauthtoken of-the-caller' } }
    const response = await (where === 'init' ? zoho.fetch(url, init) : zoho.fetch(new Request(url, init)))
    expect(response.status).toBe(401)
    expect(emulator.requests.map(({ authorization }) => authorization)).toEqual(['Zoho-oauthtoken ****ller'])
    expect(emulator.counters.tokenRequests).toBe(0)
  })

  test('goes to any host, where without one nothing goes', async () => {
    const foreign = await listen(() => [200, {}])
    const zoho = engine(await emulate())
    expect((await zoho.fetch(foreign.url, { headers: { authorization: 'Basic abc' } })).status).toBe(200)
    expect(foreign.seen[0]?.headers.authorization).toBe('Basic abc')
    expect(await codeOf(zoho.fetch(foreign.url))).toBe('ERR_ZOHO_HOST_DENIED')
  })

  test('goes to a product’s host', async () => {
    const emulator = await emulate()
    const headers = { authorization: 'Basic abc' }
    expect((await engine(emulator).fetch(CANDIDATES, { ...recruit, headers })).status).toBe(401)
  })
})

describe('redirects are followed as fetch does', () => {
  // A password in `Location` stood in the message of the error.
  test('no message prints a password, and none is sent', async () => {
    const server = await listen(({ url }) =>
      url === '/' ? [302, { location: server.url.replace('//', '//ada:secret@') }] : [200, {}],
    )
    const zoho = engine(await emulate(), { allowedOrigins: [server.url] })
    const error = await zoho.fetch(server.url).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(TypeError)
    expect(inspect(error)).not.toMatch(/secret/)
    const own = { headers: { authorization: 'Basic abc' } }
    const denied = await zoho.fetch('http://ada:secret@127.0.0.1/', own).catch((reason: unknown) => reason)
    expect(inspect(denied)).not.toMatch(/secret/)
    expect(server.seen).toHaveLength(1)
  })

  // A request that had lost its token on the way was taken for one that was refused.
  test('back from a foreign host without the token, a refusal costs no refresh', async () => {
    const emulator = await emulate()
    const foreign = await listen(() => [302, { location: `${emulator.url}${CANDIDATES}` }])
    emulator.fault({ on: 'api', kind: 'redirect', url: foreign.url, status: 302 })
    const zoho = engine(emulator)
    expect((await zoho.fetch(CANDIDATES, recruit)).status).toBe(401)
    expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 2 })
  })

  test('in the mode "no-cors" another origin is opaque', async () => {
    const home = await listen(() => [302, { location: away.url }])
    const away = await listen(() => [200, { 'x-theirs': 'hidden' }])
    const zoho = engine(await emulate(), { allowedOrigins: [home.url, away.url] })
    const response = await zoho.fetch(home.url, { mode: 'no-cors' })
    expect(response).toMatchObject({ type: 'opaque', status: 0, url: '', body: null })
    expect([...response.headers]).toEqual([])
  })
})

/** As node-fetch answers: with a Node stream as the body. */
const nodeStreamFetch = ((url: string, init: RequestInit & { body?: string | Uint8Array }) =>
  new Promise((resolve, reject) => {
    const headers = Object.fromEntries(new Headers(init.headers))
    const body = init.body instanceof URLSearchParams ? String(init.body) : init.body
    const options = { method: init.method ?? 'GET', headers }
    const request = requestOf(url, options, (message) => {
      const [mine, theirs] = [message.pipe(new PassThrough()), message.pipe(new PassThrough())]
      resolve({
        status: message.statusCode,
        headers: new Headers(message.headers as Record<string, string>),
        body: mine,
        clone: () => ({ body: theirs }),
        json: async () => JSON.parse(Buffer.concat(await mine.toArray()).toString()),
      })
    })
    request.on('error', reject).end(body)
  })) as unknown as typeof fetch

// Each refresh was answered, and ended in "cannot be reached".
test('a fetch that answers with Node streams refreshes, sends and replays', async () => {
  const emulator = await emulate()
  const zoho = engine(emulator, { fetch: nodeStreamFetch })
  expect((await zoho.fetch(CANDIDATES, recruit)).status).toBe(200)
  emulator.killTokens()
  const echo = await echoOf(await zoho.fetch(CANDIDATES, post('again')))
  expect(echo.bodySha256).toBe(sha256('again'))
  expect(emulator.counters).toMatchObject({ tokenRequests: 2, apiRequests: 3 })
})
