import assert from 'node:assert/strict'
import { type Emulator, startEmulator } from '@zoho-auth/emulator'
import type { Browser } from 'playwright-core'
import { type App, CLIENT_SECRETS, type StartApp, settingsFor } from './apps/app.js'
import { Closers } from './closers.js'
import { type ForeignSite, openForeignSite } from './foreign-site.js'
import { challengesIn, leaksIn } from './secrets.js'
import { Visitor } from './visitor.js'

/** The tenant that visitors are of, unless said otherwise. */
const TENANT = 'acme'

/** How long the browser waits for one thing, in milliseconds (fifteen seconds). */
const WAIT_MS = 15_000

/** How long a page may take to be described after a failure, in milliseconds. */
const SCENE_MS = 1_000

/** One check's own world: Zoho, an app, a foreign site, and people with browsers. */
export class Stage {
  readonly emulator: Emulator
  readonly app: App
  readonly foreign: ForeignSite
  readonly #browser: Browser
  readonly #closers: Closers
  readonly #visitors: Visitor[] = []

  private constructor(
    browser: Browser,
    parts: { emulator: Emulator; app: App; foreign: ForeignSite },
    closers: Closers,
  ) {
    this.#browser = browser
    this.emulator = parts.emulator
    this.app = parts.app
    this.foreign = parts.foreign
    this.#closers = closers
  }

  static async set(browser: Browser, startApp: StartApp): Promise<Stage> {
    const closers = new Closers()
    try {
      const { us: clientSecret } = CLIENT_SECRETS
      const emulator = await startEmulator({
        dataCenters: ['us', 'in'],
        clientSecret,
        clientSecrets: CLIENT_SECRETS,
      })
      closers.add(() => emulator.close())
      const foreign = await openForeignSite()
      closers.add(() => foreign.close())
      const app = await startApp(settingsFor(emulator))
      closers.add(() => app.close())
      return new Stage(browser, { emulator, app, foreign }, closers)
    } catch (error) {
      await closers.close()
      throw error
    }
  }

  /** A person with a browser of their own, signed in to the app. */
  async visitor(tenant: string = TENANT): Promise<Visitor> {
    const visitor = await this.stranger()
    await visitor.signIn(tenant)
    return visitor
  }

  /** A person who is not signed in to the app. */
  async stranger(): Promise<Visitor> {
    const context = await this.#browser.newContext()
    this.#closers.add(() => context.close())
    context.setDefaultTimeout(WAIT_MS)
    const visitor = await Visitor.arrive(context, this.app.origin)
    this.#visitors.push(visitor)
    return visitor
  }

  /** Grants that were given in this check, oldest first, as user and data centre. */
  get grants(): string[] {
    const own = this.emulator.grants.filter(({ refreshToken }) => refreshToken !== this.emulator.refreshToken)
    return own.map(({ user, dataCenter }) => `${user} in ${dataCenter}`)
  }

  /** What must hold after every check: no secret was anywhere, no page complained, cookies are not for scripts. */
  async assertClean(complaints?: RegExp): Promise<void> {
    for (const { watch, context } of this.#visitors) {
      await watch.settle()
      assert.deepEqual(leaksIn(watch.sights, this.emulator), [])
      assert.deepEqual(
        watch.complaints.filter((text) => !complaints?.test(text)),
        [],
      )
      for (const { name, httpOnly, secure } of await context.cookies())
        assert(httpOnly && secure, `cookie ${name} is for scripts, or sent without TLS`)
    }
  }

  /** Authorization requests that the browsers were sent to. */
  get challenges(): number {
    return challengesIn(this.#visitors.flatMap(({ watch }) => watch.sights))
  }

  /** Where the browsers are, for whoever reads of a failure. */
  async scene(): Promise<string> {
    const pages = this.#visitors.flatMap(({ context }) => context.pages())
    const texts = pages.map(
      async (page) => `${page.url()}: ${await page.textContent('main, body', { timeout: SCENE_MS })}`,
    )
    const told = await Promise.allSettled(texts)
    return told.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason))).join('\n')
  }

  async close(): Promise<void> {
    await this.#closers.close()
  }
}
