import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { createZohoAuth, memoryConnectionStore, type ZohoAuth } from '@zoho-auth/core'
import type { Fault } from '@zoho-auth/emulator'
import { zohoConnect } from '@zoho-auth/express'
import express from 'express'
import { Browser, ticketIn } from '../../support/browser.mjs'
import { told } from './clients.js'
import type { Scans } from './scans.js'
import type { Canaries } from './secrets.js'
import { World } from './world.js'

/** A consent, and what comes of it: `ok`, or a code. */
export interface Consent {
  readonly name: string
  readonly wants: string
  readonly fault?: Fault
  /** The accounts server answers the exchange with what it was sent. */
  readonly echoes?: 'as JSON' | 'as text'
  /** What the user decides. Default `accept`. */
  readonly auto?: 'refuse'
  /** The callback comes once more. */
  readonly twice?: true
}

/** Every consent. A reader adds one by adding a row. */
export const CONSENTS: readonly Consent[] = [
  { name: 'accepted', wants: 'ok' },
  { name: 'refused', wants: 'ERR_ZOHO_CONSENT_REQUIRED', auto: 'refuse' },
  { name: 'a callback that comes twice', wants: 'ERR_ZOHO_STATE', twice: true },
  ...(
    [
      'wrong-state',
      'no-state',
      'doubled-state',
      'no-code',
      'doubled-code',
      'unknown-location',
      'doubled-accounts-server',
    ] as const
  ).map((kind): Consent => ({ name: kind, wants: 'ERR_ZOHO_STATE', fault: { on: 'auth', kind } })),
  {
    name: 'a foreign accounts server',
    wants: 'ERR_ZOHO_STATE',
    fault: { on: 'auth', kind: 'foreign-accounts-server', value: 'https://foreign.example' },
  },
  { name: 'markup as error', wants: 'ERR_ZOHO_CONSENT_REQUIRED', fault: { on: 'auth', kind: 'html-error' } },
  {
    name: 'the exchange echoes, as JSON',
    wants: 'ERR_ZOHO_BAD_RESPONSE|ERR_ZOHO_UNAVAILABLE',
    echoes: 'as JSON',
  },
  {
    name: 'the exchange echoes, as text',
    wants: 'ERR_ZOHO_BAD_RESPONSE|ERR_ZOHO_UNAVAILABLE',
    echoes: 'as text',
  },
  { name: 'the exchange is a page', wants: 'ERR_ZOHO_BAD_RESPONSE', fault: { on: 'token', kind: 'html' } },
  {
    name: 'the exchange is cut behind the refresh token',
    wants: 'ERR_ZOHO_BAD_RESPONSE',
    fault: { on: 'token', kind: 'truncated-after-refresh-token' },
  },
  {
    name: 'the exchange has no access token',
    wants: 'ERR_ZOHO_BAD_RESPONSE',
    fault: { on: 'token', kind: 'no-access-token' },
  },
  {
    name: 'the exchange has an absurd life',
    wants: 'ERR_ZOHO_BAD_RESPONSE',
    fault: { on: 'token', kind: 'absurd-expires-in', value: 'soon' },
  },
  {
    name: 'the exchange is refused',
    wants: 'ERR_ZOHO_CLIENT',
    fault: { on: 'token', kind: 'invalid-client' },
  },
  {
    name: 'the code is dead',
    wants: 'ERR_ZOHO_CONSENT_REQUIRED',
    fault: { on: 'token', kind: 'error', error: 'invalid_code' },
  },
  { name: 'the exchange breaks', wants: 'ERR_ZOHO_UNAVAILABLE', fault: { on: 'token', kind: 'reset' } },
  {
    name: 'the exchange is lost',
    wants: 'ERR_ZOHO_UNAVAILABLE',
    fault: { on: 'token', kind: 'reset-after' },
  },
]

const SCOPES = ['ZohoRecruit.modules.ALL', 'AaaServer.profile.READ']

/** What a consent takes through the browser, and so through URLs and the browser's own cookies: nothing else may be in there. */
const STATE = ['state'] as const

/** A world of its own: a fault of a consent meets whoever comes first. */
export class ConsentWorld {
  readonly world: World
  readonly #zoho: ZohoAuth
  readonly #origin: string
  readonly #close: () => void
  #echoes: Consent['echoes']
  #id = ''

  private constructor(world: World, server: Server) {
    this.world = world
    const connections = memoryConnectionStore()
    this.#zoho = world.listened(createZohoAuth(world.options({ connections, fetch: this.#fetch })))
    const app = express()
    app.set('env', 'development')
    app.use(
      '/zoho',
      zohoConnect({
        auth: this.#zoho,
        scopes: SCOPES,
        connection: ({ headers }) => String(headers['x-user']),
      }),
    )
    server.on('request', app)
    this.#origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    this.#close = () => {
      server.closeAllConnections()
      server.close()
    }
  }

  static async start(canaries: Canaries): Promise<ConsentWorld> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new ConsentWorld(await World.start(canaries), server)
  }

  /** Sees what nobody else does: the code and its verifier. */
  readonly #fetch: typeof fetch = async (url, init) => {
    const sent = await new Response(init?.body).text()
    const fields = new URLSearchParams(sent)
    for (const [kind, name] of [
      ['authorization code', 'code'],
      ['code verifier', 'code_verifier'],
    ] as const) {
      const value = fields.get(name)
      if (value !== null) this.world.canaries.add(kind, value, this.#id)
    }
    if (this.#echoes === undefined || !fields.has('code')) return fetch(url, init)
    const text = `cannot read ${decodeURIComponent(sent.replaceAll('+', ' '))}`
    return this.#echoes === 'as JSON' ? Response.json({ error: text }) : new Response(text, { status: 400 })
  }

  #learn(url: string): void {
    const query = new URL(url, this.#origin).searchParams
    for (const [kind, name] of [
      ['authorization code', 'code'],
      ['state', 'state'],
    ] as const)
      for (const value of query.getAll(name))
        if (value.length >= 16) this.world.canaries.add(kind, value, this.#id)
  }

  #prepare(consent: Consent, id: string): void {
    this.#id = id
    this.#echoes = consent.echoes
    this.world.emulator.clearFaults()
    if (consent.fault !== undefined) this.world.emulator.fault(consent.fault)
  }

  /** The way of `consent.start` and `consent.finish`. */
  async finish(consent: Consent, index: number, scans: Scans): Promise<void> {
    const [name, id] = [`consent.finish: ${consent.name}`, `consent-${index}`]
    this.#prepare(consent, id)
    const { consent: flow } = this.#zoho
    const redirectUri = `${this.#origin}/zoho/callback`
    const { url, state } = await flow.start({ connection: id, scopes: SCOPES, redirectUri })
    this.#learn(url)
    const answer = await fetch(`${url}&user=${id}&auto=${consent.auto ?? 'accept'}`, { redirect: 'manual' })
    const callback = answer.headers.get('location') ?? ''
    this.#learn(callback)
    if (consent.twice) await flow.finish(callback, state)
    const came = await flow.finish(callback, state).then(
      () => 'ok',
      (error: unknown) => error,
    )
    const code = came === 'ok' ? came : told(came)
    if (!consent.wants.split('|').includes(code)) scans.fail(name, `came to ${code}, not to ${consent.wants}`)
    this.world.learn()
    // A `Connection` is made to be stored, and holds its refresh token.
    await scans.value(name, came === 'ok' ? await this.#zoho.status(id) : came, id)
  }

  /** The way of a browser through the pages of `zohoConnect`. */
  async browse(consent: Consent, index: number, scans: Scans): Promise<void> {
    const [name, id] = [`zohoConnect: ${consent.name}`, `visitor-${index}`]
    this.#prepare(consent, id)
    const browser = new Browser(this.#origin, id)
    const read = async (answer: Response): Promise<string> => {
      const { 'set-cookie': _, location = '', ...headers } = Object.fromEntries(answer.headers)
      const body = await answer.text()
      this.world.learn()
      scans.text(name, 'a redirect of zohoConnect', location, id, location.startsWith('http') ? STATE : [])
      for (const line of answer.headers.getSetCookie())
        scans.text(name, 'a cookie of zohoConnect', line, id, STATE)
      scans.text(name, 'headers of zohoConnect', JSON.stringify(headers), id)
      scans.text(name, 'a page of zohoConnect', body, id)
      return body
    }
    const start = await browser.open('/zoho/connect?returnTo=/after')
    const page = new URL(start.headers.get('location') ?? '')
    this.#learn(page.href)
    await read(start)
    page.searchParams.set('user', id)
    page.searchParams.set('auto', consent.auto ?? 'accept')
    const callback = (await browser.open(page.href)).headers.get('location') ?? ''
    this.#learn(callback)
    if (consent.twice) await read(await browser.open(callback))
    const back = await browser.open(callback)
    await read(back)
    const next = back.headers.get('location')
    if (next !== null) {
      const ticket = ticketIn(await read(await browser.open(next)))
      await read(await browser.post('/zoho/confirm', { ticket, answer: 'keep' }))
      await read(await browser.open('/zoho/disconnect'))
      await read(await browser.post('/zoho/disconnect', {}))
    } else if (consent.wants === 'ok') scans.fail(name, `ended with ${back.status}`)
    scans.text(name, 'an engine after a consent', inspect(this.#zoho, { depth: 10, showHidden: true }), id)
  }

  async close(): Promise<void> {
    this.#close()
    await this.world.close()
    await this.#zoho.close()
  }
}
