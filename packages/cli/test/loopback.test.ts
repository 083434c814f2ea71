import { request } from 'node:http'
import { expect, test } from '@jest/globals'
import { ZohoAuthError } from '@zoho-auth/core'
import { Loopback } from '../src/login/loopback.js'
import { later } from './support.js'

const WAIT_MS = 30_000
const never = new AbortController().signal

async function listening(): Promise<Loopback> {
  const loopback = await Loopback.listen(0)
  later(() => loopback.close())
  return loopback
}

interface Asked {
  readonly host?: string
  readonly method?: string
}

/** By `node:http`, which lets a test choose the `Host`. */
function ask(loopback: Loopback, path: string, { host, method = 'GET' }: Asked = {}): Promise<number> {
  const { port } = new URL(loopback.redirectUri)
  return new Promise((resolve, reject) => {
    const headers = { host: host ?? `localhost:${port}` }
    request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })
}

test('hands over the whole callback, once; a second one is gone', async () => {
  const loopback = await listening()
  let release: () => void = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const seen: string[] = []
  const received = loopback.received(
    async (url) => {
      seen.push(url)
      await held
      return 'done'
    },
    WAIT_MS,
    never,
  )
  const first = ask(loopback, '/callback?code=c&state=s')
  while (seen.length === 0) await new Promise(setImmediate)
  expect(await ask(loopback, '/callback?code=c&state=s')).toBe(410)
  release()
  expect(await first).toBe(200)
  expect(await received).toBe('done')
  expect(await ask(loopback, '/callback?code=c&state=s')).toBe(410)
  expect(seen).toEqual([`${loopback.redirectUri}?code=c&state=s`])
})

test.each([
  { path: '/callback?code=c', asked: { host: 'evil.example' }, status: 421 },
  { path: '/callback?code=c', asked: { host: 'localhost.evil.example:8585' }, status: 421 },
  { path: '/callback?code=c', asked: { host: 'localhost' }, status: 421 },
  { path: '/', asked: {}, status: 404 },
  { path: '/callback/', asked: {}, status: 404 },
  { path: '/callback?code=c', asked: { method: 'POST' }, status: 405 },
])('$path $asked is refused with $status, and does not count', async ({ path, asked, status }) => {
  const loopback = await listening()
  const received = loopback.received(async (url) => url, WAIT_MS, never)
  expect(await ask(loopback, path, asked)).toBe(status)
  expect(await ask(loopback, '/callback?code=mine')).toBe(200)
  expect(await received).toBe(`${loopback.redirectUri}?code=mine`)
})

test('listens on this machine only', async () => {
  const loopback = await listening()
  const { port } = new URL(loopback.redirectUri)
  expect(loopback.redirectUri).toBe(`http://localhost:${port}/callback`)
  await expect(fetch(`http://[::1]:${port}/callback`)).rejects.toThrow()
})

test('what the callback ends with is shown without markup of its own', async () => {
  const loopback = await listening()
  const received = loopback.received(
    () => Promise.reject(new ZohoAuthError('ERR_ZOHO_STATE', { message: '<script>alert(1)</script>' })),
    WAIT_MS,
    never,
  )
  received.catch(() => {})
  const page = await fetch(`${loopback.redirectUri}?state=x`)
  expect(page.status).toBe(400)
  expect(await page.text()).not.toContain('<script>')
  expect(page.headers.get('content-security-policy')).toBe("default-src 'none'")
  await expect(received).rejects.toMatchObject({ code: 'ERR_ZOHO_STATE' })
})

test('a signal ends the wait with its reason, and a callback that comes later is gone', async () => {
  const loopback = await listening()
  const controller = new AbortController()
  const received = loopback.received(async (url) => url, WAIT_MS, controller.signal)
  controller.abort(new Error('enough'))
  await expect(received).rejects.toThrow('enough')
  expect(await ask(loopback, '/callback?code=c')).toBe(410)
})
