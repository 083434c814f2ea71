import assert from 'node:assert/strict'
import type { BrowserContext, Locator, Page, Response } from 'playwright-core'
import { Watch } from './watch.js'

/** How a person answers on Zoho's page. Default: accept what it proposes: Ada, her first organisation, data centre `us`. */
export interface Answer {
  readonly user?: 'Ada Lovelace' | 'Grace Hopper' | 'Alan Turing'
  readonly organization?: string
  readonly dataCenter?: 'us' | 'in'
  readonly decision?: 'Accept' | 'Refuse'
}

/** What the app says of a call to Recruit. */
export interface Called {
  readonly status: number
  readonly code?: string
  /** Whose data came, of which organisation and data centre. */
  readonly echo?: {
    readonly user: string
    readonly organization: { readonly name: string }
    readonly dataCenter: string
  }
}

/** A person in a browser of their own, who is signed in to the app as a tenant. */
export class Visitor {
  readonly context: BrowserContext
  readonly page: Page
  readonly watch: Watch
  readonly origin: string

  private constructor(context: BrowserContext, page: Page, watch: Watch, origin: string) {
    this.context = context
    this.page = page
    this.watch = watch
    this.origin = origin
  }

  static async arrive(context: BrowserContext, origin: string): Promise<Visitor> {
    const watch = await Watch.of(context)
    return new Visitor(context, await context.newPage(), watch, origin)
  }

  /** Signs in to the app. */
  async signIn(tenant: string): Promise<void> {
    await this.open(`/sign-in?as=${tenant}`)
  }

  /** Opens a place of the app, or any URL. */
  async open(place: string, page: Page = this.page): Promise<Response> {
    const response = await page.goto(new URL(place, this.origin).href)
    assert(response !== null, `${place} gave no answer`)
    return response
  }

  /** The button of this name. */
  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true })
  }

  /** Waits for the page with this heading. */
  async sees(heading: string | RegExp, page: Page = this.page): Promise<void> {
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    await this.watch.look(page)
  }

  /** From the app's settings to Zoho's page, and its answer. */
  async consent(answer: Answer = {}): Promise<void> {
    await this.open('/settings')
    await this.page.getByRole('link', { name: 'Connect Zoho', exact: true }).click()
    await this.answer(answer)
  }

  /** Answers on Zoho's page. */
  async answer({ user, organization, dataCenter, decision = 'Accept' }: Answer = {}): Promise<void> {
    await this.sees(/asks for access to your Zoho data$/)
    const { page } = this
    if (user !== undefined) await page.getByRole('radio', { name: user }).check()
    if (organization !== undefined)
      await page
        .getByRole('group', { name: `Organisation of ${(user ?? 'Ada').split(' ', 1)[0]}` })
        .getByRole('radio', { name: organization })
        .check()
    if (dataCenter !== undefined)
      await page.getByRole('combobox', { name: 'Data centre where you live' }).selectOption(dataCenter)
    await this.button(decision).click()
  }

  /** All the way to a connection that is kept. */
  async connect(answer: Answer = {}): Promise<void> {
    await this.consent(answer)
    await this.sees('Zoho is connected')
    await this.button('Yes, keep it').click()
    await this.sees('Settings')
  }

  /** What the result page says, by name. */
  async result(): Promise<Readonly<Record<string, string>>> {
    await this.sees('Zoho is connected')
    const [names, values] = [
      await this.page.locator('dt').allTextContents(),
      await this.page.locator('dd').allTextContents(),
    ]
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
  }

  /** Lets the app call Recruit, in a tab of its own. */
  async call(origin: string = this.origin): Promise<Called> {
    const tab = await this.context.newPage()
    const response = await this.open(`${origin}/candidates`, tab)
    const called = { ...((await response.json()) as Partial<Called>), status: response.status() }
    await tab.close()
    return called
  }

  /** The user of a call that succeeded. */
  async userOfCall(): Promise<string | undefined> {
    return (await this.call()).echo?.user
  }

  /**
   * Consents with this browser's cookies, but without a page, and keeps the callback instead of following it.
   *
   * @param how What Zoho's page takes as query, such as `dataCenter`. Default: Ada accepts.
   */
  async heldCallback(how: Readonly<Record<string, string>> = {}): Promise<string> {
    const next = async (url: string): Promise<string> => {
      const answer = await this.context.request.get(url, { maxRedirects: 0 })
      const { location } = answer.headers()
      assert(location, `${url.split('?', 1)[0]} did not send on`)
      this.watch.sights.push({ place: 'url', of: url, text: location })
      return location
    }
    const page = new URL(await next(`${this.origin}/zoho/connect?returnTo=/settings`))
    for (const [name, value] of Object.entries({ user: 'ada', auto: 'accept', ...how }))
      page.searchParams.set(name, value)
    return next(page.href)
  }
}
