import { randomInt } from 'node:crypto'
import { createServer } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { type EmulatorOptions, startEmulator } from '../src/index.js'
import { newToken, start } from './support.js'

describe('startEmulator refuses', () => {
  test.each<[options: object, words: string]>([
    [{ profile: 'sheets' }, 'profile must be one of recruit, crm, accounts'],
    [{ speed: 0 }, 'speed must be'],
    [{ speed: -1 }, 'speed must be'],
    [{ speed: Number.NaN }, 'speed must be'],
    [{ speed: Number.POSITIVE_INFINITY }, 'speed must be'],
    [{ port: -1 }, 'port must be'],
    [{ port: 65_536 }, 'port must be'],
    [{ port: 80.5 }, 'port must be'],
    [{ port: 65_535, dataCenters: ['us', 'eu'] }, 'port leaves no room'],
    [{ tokenLifeMs: 0 }, 'tokenLifeMs must be'],
    [{ codeLifeMs: Number.NaN }, 'codeLifeMs must be'],
    [{ clientName: '' }, 'clientName must be'],
    [{ latencyMs: -1 }, 'latencyMs must be'],
    [{ apiLatencyMs: Number.NaN }, 'apiLatencyMs must be'],
    [{ clock: {} }, 'clock must have'],
    [{ clock: null }, 'clock must have'],
    [{ dataCenters: [] }, 'dataCenters must name'],
    [{ dataCenters: 'us' }, 'dataCenters must be a list'],
    [{ dataCenters: ['us', 'us'] }, 'dataCenters must not name'],
    [{ dataCenters: ['mars'] }, 'dataCenters: unknown data centre mars'],
    [{ clientDataCenters: ['mars'] }, 'clientDataCenters: unknown data centre mars'],
    [{ clientDataCenters: ['eu'] }, 'clientDataCenters must include us'],
    [{ clientSecrets: { mars: 'x' } }, 'clientSecrets: unknown data centre mars'],
    [{ clientSecrets: { eu: '' } }, 'clientSecrets.eu must be'],
    [{ clientId: '' }, 'clientId must be'],
    [{ clientSecret: 7 }, 'clientSecret must be'],
    [{ throttleStatus: 429 }, 'throttleStatus must be 200 or 400'],
    [{ throttleProlongs: 'yes' }, 'throttleProlongs must be'],
    [{ redirectUris: ['/callback'] }, 'redirectUris must hold absolute URIs'],
    [{ redirectUris: 'http://x/' }, 'redirectUris must be a list'],
  ])('%j', async (options, words) => {
    const starting = startEmulator(options as EmulatorOptions)
    await expect(starting).rejects.toThrow(words)
    await expect(starting).rejects.toThrow(TypeError)
  })

  test('a port that is taken, and leaves no listener behind', async () => {
    const { taken, free, release } = await neighbours()
    await expect(startEmulator({ port: taken })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const both = startEmulator({ port: free, dataCenters: ['us', 'eu'] })
    await expect(both).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const again = await startEmulator({ port: free })
    expect(again.url).toBe(`http://127.0.0.1:${free}`)
    await Promise.all([again.close(), release()])
  })
})

/** Below the ports that systems give out by themselves: nobody else gets one that is let go for a moment. */
const FIRST_PORT = 10_000
const PORTS = 10_000

/** A taken port, and the free one before it. */
async function neighbours(): Promise<{ taken: number; free: number; release: () => Promise<void> }> {
  for (;;) {
    const server = createServer()
    const taken = FIRST_PORT + 1 + randomInt(PORTS - 1)
    const listens = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(taken, '127.0.0.1', () => resolve(true))
    })
    if (!listens) continue
    const release = () => new Promise<void>((resolve) => server.close(() => resolve()))
    const probe = await startEmulator({ port: taken - 1 }).catch(() => undefined)
    if (probe !== undefined) {
      await probe.close()
      return { taken, free: taken - 1, release }
    }
    await release()
  }
}

describe('an emulator without options', () => {
  test('has one data centre, a client and a grant in the shapes of Zoho', async () => {
    const emulator = await start()
    expect(emulator.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(emulator.accountsUrl).toBe(emulator.url)
    expect(emulator.accountsUrls).toEqual({ us: emulator.url })
    expect(emulator.clientId).toMatch(/^1000\.[A-Z0-9]{30}$/)
    expect(emulator.clientSecret).toMatch(/^[0-9a-f]{42}$/)
    expect(emulator.refreshToken).toMatch(/^1000\.[0-9a-f]{32}\.[0-9a-f]{32}$/)
    expect(emulator.rules).toMatchObject({ tokenLifeMs: 3_600_000, liveTokens: 30 })
    expect(emulator.env()).toEqual({
      ZOHO_CLIENT_ID: emulator.clientId,
      ZOHO_CLIENT_SECRET: emulator.clientSecret,
      ZOHO_REFRESH_TOKEN: emulator.refreshToken,
      ZOHO_ACCOUNTS_URL: emulator.url,
      ZOHO_DATA_CENTER: 'us',
    })
  })

  test('runs on real time', async () => {
    const emulator = await start({ clock: undefined })
    const before = Date.now()
    expect(emulator.now()).toBeGreaterThanOrEqual(before)
    emulator.freeze()
    const stopped = emulator.now()
    emulator.advance(5)
    expect(emulator.now()).toBe(stopped + 5)
    emulator.unfreeze()
    expect(emulator.now()).toBeGreaterThanOrEqual(stopped + 5)
    expect(() => emulator.advance(-1)).toThrow(TypeError)
  })

  test('can be given its client and its latency', async () => {
    const emulator = await start({ clientId: 'the-client', clientSecret: 'the-secret', latencyMs: 40 })
    expect([emulator.clientId, emulator.clientSecret]).toEqual(['the-client', 'the-secret'])
    const began = performance.now()
    await newToken(emulator)
    expect(performance.now() - began).toBeGreaterThan(35)
  })
})

describe('close', () => {
  test('ends requests in flight and delays, at once, and can be called twice', async () => {
    const emulator = await start({ latencyMs: 2_000_000_000 })
    const inFlight = expect(newToken(emulator)).rejects.toThrow('fetch failed')
    while (emulator.counters.tokenRequests === 0) await new Promise(setImmediate)
    await Promise.all([emulator.close(), emulator.close()])
    await inFlight
    await expect(fetch(emulator.url)).rejects.toThrow('fetch failed')
  })

  test('is what await using calls', async () => {
    const emulator = await start()
    const { url } = emulator
    await emulator[Symbol.asyncDispose]()
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })
})
