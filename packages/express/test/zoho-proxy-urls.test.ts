import { createServer } from 'node:http'
import { expect, test } from '@jest/globals'
import type { ZohoAuth } from '@zoho-auth/core'
import { zohoProxy } from '../src/index.js'
import { isForwardable } from '../src/proxy/target-path.js'
import { PATH, proxied, raw, upstream } from './proxy-support.js'
import { listen } from './support.js'

/** Stands for the port of a server that nobody may be led to. */
const EVIL = '127.0.0.1:1'

/** Paths that could mean something else to somebody on the way. */
const REFUSED: readonly string[] = [
  // Another host, to some parser.
  `//${EVIL}`,
  `//${EVIL}/recruit/v2`,
  `///${EVIL}/recruit`,
  `////${EVIL}`,
  `/\\${EVIL}/recruit`,
  `/\\/${EVIL}`,
  `\\\\${EVIL}/recruit`,
  `/\\\\${EVIL}`,
  `http://${EVIL}/recruit/v2`,
  `HTTP://${EVIL}/recruit/v2`,
  `https://${EVIL}/recruit/v2`,
  `http:${EVIL}/recruit`,
  `http:/${EVIL}/recruit`,
  `http:\\\\${EVIL}/recruit`,
  `ftp://${EVIL}/recruit`,
  `javascript://${EVIL}/recruit`,
  `data:text/html,recruit`,
  `file:///etc/passwd`,
  `blob:http://${EVIL}/recruit`,
  `@${EVIL}/recruit`,
  `:80@${EVIL}/recruit`,
  `.${EVIL}/recruit`,
  `${EVIL}/recruit`,
  `recruit/v2`,
  `*`,
  `?x=//${EVIL}`,
  `#`,
  // The same, encoded.
  `/%2f${EVIL}/recruit`,
  `/%2F%2F${EVIL}/recruit`,
  `/%5c${EVIL}/recruit`,
  `/%5C%5C${EVIL}`,
  `/%252f${EVIL}/recruit`,
  `/%25252f${EVIL}/recruit`,
  `/%252525252525252f${EVIL}`,
  `/%09/${EVIL}/recruit`,
  `/%0d%0aHost:%20${EVIL}/recruit`,
  `/recruit/%0aX-Injected:%20yes`,
  `/recruit/%00/v2`,
  `/recruit/v2%7f`,
  `/recruit/%25%30%30`,
  // Out of the path that was authorized.
  `/recruit/..`,
  `/recruit/../crm/v2/Leads`,
  `/recruit/./v2`,
  `/recruit/v2/../../crm/v2/Leads`,
  `/recruit/%2e%2e/crm/v2/Leads`,
  `/recruit/%2E%2e/crm`,
  `/recruit/.%2e/crm`,
  `/recruit/%2e./crm`,
  `/recruit/%252e%252e/crm`,
  `/recruit/%25252e%25252e/crm`,
  `/recruit/..%2fcrm/v2`,
  `/recruit/..%5ccrm/v2`,
  `/recruit/..%252fcrm/v2`,
  `/recruit/v2%2f..%2f..%2fcrm`,
  `/recruit/..;/crm/v2`,
  `/recruit/..;a=b/crm/v2`,
  `/recruit/.;/crm/v2`,
  `/recruit/%2e%2e%3b/crm`,
  `/recruit/%20../crm`,
  `/recruit/..%20/crm`,
  `/recruit/..\\crm`,
  `/recruit\\..\\..\\crm`,
  `/recruit//v2/users`,
  `/recruit/v2//users`,
  `/recruit/v2//`,
  `//`,
  // No URL.
  `/recruit/%`,
  `/recruit/%2`,
  `/recruit/%zz`,
  `/recruit/%c0%ae%c0%ae/crm`,
  `/recruit/%c0%af`,
  `/recruit/%ff`,
  `/recruit/v2#fragment`,
  `/recruit/v2?a=b#fragment`,
  `/recruit/v2/é`,
]

/** No client can say these in a request line, but a rewrite could return them. */
const UNSPEAKABLE: readonly string[] = [
  '',
  ' ',
  ` /recruit`,
  `/recruit `,
  `/recruit v2`,
  `/\t/${EVIL}/recruit`,
  `/\n/${EVIL}/recruit`,
  `\t//${EVIL}`,
  `/recruit\r\nX-Injected: yes`,
  `/recruit?a=b\r\nX-Injected: yes`,
  `/recruit/\u0000`,
  `/recruit/.\t./crm`,
  `/recruit/\u007f`,
  `/recruit/\u0085`,
  `/\u3002\u3002/recruit`,
  `/\uff0f${EVIL}/recruit`,
  `/recruit/\uff0e\uff0e/crm`,
  `/recruit/\u2028`,
  `/recruit/\ud800`,
]

/** Looks strange, and is a path on the product's host for everyone. */
const FORWARDED: readonly (readonly [sent: string, arrives: string])[] = [
  [`/recruit`, `/recruit`],
  [`/recruit/`, `/recruit/`],
  [`/recruit/@${EVIL}`, `/recruit/@${EVIL}`],
  [`/recruit/user:pass@${EVIL}/`, `/recruit/user:pass@${EVIL}/`],
  [`/recruit/http:%2F${EVIL}`, `/recruit/http:%2F${EVIL}`],
  [`/recruit/:443`, `/recruit/:443`],
  [`/recruit/...`, `/recruit/...`],
  [`/recruit/..a/.b`, `/recruit/..a/.b`],
  [`/recruit/a..b`, `/recruit/a..b`],
  [`/recruit/a;b=c`, `/recruit/a;b=c`],
  [`/recruit/100%25`, `/recruit/100%25`],
  [`/recruit/a%20b%C3%A9`, `/recruit/a%20b%C3%A9`],
  [`/recruit/[a]|{b}`, `/recruit/[a]|%7Bb%7D`],
  [`/recruit?url=http://${EVIL}/../x`, `/recruit?url=http://${EVIL}/../x`],
  [`/recruit?a=//${EVIL}\\@${EVIL}`, `/recruit?a=//${EVIL}\\@${EVIL}`],
  [`/recruit?a=%0d%0a%00`, `/recruit?a=%0d%0a%00`],
  [`/recruit?a=b?c=d`, `/recruit?a=b?c=d`],
]

async function between() {
  let strangers = 0
  const evil = await listen(
    createServer((_req, res) => {
      strangers += 1
      res.end()
    }),
  )
  const zoho = await upstream((_req, res) => res.end('the product'))
  // `1` is a port that no parser loses; the real one of the stranger takes its place.
  const lead = (path: string): string => path.replaceAll(EVIL, new URL(evil).host)
  return { ...zoho, lead, strangers: () => strangers }
}

test(`${REFUSED.length + UNSPEAKABLE.length} hostile paths and ${FORWARDED.length} strange ones are enough to tell`, () => {
  expect(REFUSED.length).toBeGreaterThanOrEqual(60)
  for (const path of [...REFUSED, ...UNSPEAKABLE]) expect([path, isForwardable(path)]).toEqual([path, false])
  for (const [path] of FORWARDED) expect([path, isForwardable(path)]).toEqual([path, true])
})

test('a hostile request line reaches neither another host nor another path, mounted or not', async () => {
  const { auth, lead, seen, strangers } = await between()
  const { origin } = await proxied(auth)
  const bare = await bareProxy(auth)
  for (const path of REFUSED) {
    const line = `GET ${lead(path)} HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n`
    // Not below the mount path, Express itself says 404; and Node 400 to what is no request line.
    expect([path, status(await raw(origin, line))]).toEqual([path, expect.stringMatching(/^40[04]$/)])
    expect([path, status(await raw(bare, line))]).toEqual([path, '400'])
  }
  expect(seen).toEqual([])
  expect(strangers()).toBe(0)
})

test('a hostile rewrite reaches neither another host nor another path', async () => {
  const { auth, lead, seen, strangers } = await between()
  let path = ''
  const { origin } = await proxied(auth, { rewrite: () => lead(path) })
  for (path of [...REFUSED, ...UNSPEAKABLE])
    expect([path, (await fetch(`${origin}${PATH}`)).status]).toEqual([path, 400])
  expect(seen).toEqual([])
  expect(strangers()).toBe(0)
})

test('strange paths arrive as they are, at the product', async () => {
  const { auth, lead, seen, strangers, origin: zoho } = await between()
  let path = ''
  const { origin } = await proxied(auth)
  const rewriting = await proxied(auth, { rewrite: () => lead(path) })
  for (const [sent, arrives] of FORWARDED) {
    path = sent
    const line = `GET ${lead(sent)} HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n`
    expect([sent, status(await raw(origin, line))]).toEqual([sent, '200'])
    expect([sent, (await fetch(`${rewriting.origin}${PATH}`)).status]).toEqual([sent, 200])
    expect(seen.splice(0).map(({ url, headers }) => [url, headers.host])).toEqual(
      Array(2).fill([lead(arrives), new URL(zoho).host]),
    )
  }
  expect(strangers()).toBe(0)
})

test('neither Host nor an absolute request line chooses where a request goes', async () => {
  const { auth, lead, seen, strangers, origin: zoho } = await between()
  const { origin } = await proxied(auth)
  const host = lead(EVIL)
  const forged = `GET ${PATH} HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-Host: ${host}\r\nConnection: close\r\n\r\n`
  expect(status(await raw(origin, forged))).toBe('200')
  expect(seen.map(({ headers }) => headers.host)).toEqual([new URL(zoho).host])
  const absolute = `GET http://${host}${PATH} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
  expect(status(await raw(origin, absolute))).toBe('400')
  expect(strangers()).toBe(0)
})

/** A proxy that no mount path protects. */
function bareProxy(auth: ZohoAuth): Promise<string> {
  const proxy = zohoProxy({ product: 'recruit', authorize: () => true, auth })
  const next = (error: unknown): never => {
    throw error
  }
  return listen(createServer((req, res) => void proxy(req as Parameters<typeof proxy>[0], res, next)))
}

const status = (answer: string): string | undefined => /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]
