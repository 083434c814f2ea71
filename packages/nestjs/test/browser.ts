import { expect } from '@jest/globals'

type Visit = Omit<RequestInit, 'headers'> & { readonly headers?: Record<string, string> }

/** As much of a browser as the flow needs: cookies, one redirect at a time, forms. Its user is signed in by a header. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly #origin: string
  readonly #user: string

  constructor(origin: string, user: string) {
    this.#origin = origin
    this.#user = user
  }

  async open(place: string, { headers, ...init }: Visit = {}): Promise<Response> {
    const url = new URL(place, this.#origin)
    const own = url.origin === this.#origin
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, {
      redirect: 'manual',
      ...init,
      headers: { accept: 'text/html', ...(own ? { 'x-user': this.#user, cookie } : {}), ...headers },
    })
    for (const line of own ? answer.headers.getSetCookie() : []) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
      if (value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return answer
  }

  post(
    place: string,
    fields: Record<string, string>,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return this.open(place, { method: 'POST', body: new URLSearchParams(fields), headers })
  }

  /** From the app to Zoho's page, and its answer: the callback. */
  async consent(how: Record<string, string> = {}, path = '/zoho'): Promise<string> {
    const start = await this.open(`${path}/connect?returnTo=/after`)
    expect(start.status).toBe(302)
    const page = new URL(start.headers.get('location') ?? '')
    for (const [name, value] of Object.entries({ user: 'ada', auto: 'accept', ...how }))
      page.searchParams.set(name, value)
    return (await this.open(page.href)).headers.get('location') ?? ''
  }

  /** All the way to the result page. */
  async connect(how: Record<string, string> = {}, path = '/zoho'): Promise<string> {
    const back = await this.open(await this.consent(how, path))
    expect([back.status, back.headers.get('location')]).toEqual([303, `${path}/connected`])
    const result = await this.open(back.headers.get('location') ?? '')
    expect(result.status).toBe(200)
    return result.text()
  }
}

/** What the forms of a result page hold. */
export const ticketIn = (page: string): string => /name="ticket" value="([^"]+)"/.exec(page)?.[1] ?? ''
