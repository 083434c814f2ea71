// As much of a browser as the consent flow needs: cookies, one redirect at a time, forms.
import assert from 'node:assert/strict'

/** Its user is signed in by the header `x-user`. */
export class Browser {
  cookies = new Map()
  #origin
  #user

  constructor(origin, user) {
    this.#origin = origin
    this.#user = user
  }

  async open(path, { headers, ...init } = {}) {
    const url = new URL(path, this.#origin)
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

  post(path, fields, headers = {}) {
    return this.open(path, { method: 'POST', body: new URLSearchParams(fields), headers })
  }

  async consent(how = {}, path = '/zoho/connect?returnTo=/after') {
    const start = await this.open(path)
    assert.equal(start.status, 302)
    const page = new URL(start.headers.get('location') ?? '')
    for (const [name, value] of Object.entries({ user: 'ada', auto: 'accept', ...how }))
      page.searchParams.set(name, value)
    return (await this.open(page.href)).headers.get('location') ?? ''
  }

  async connect(how = {}, mount = '/zoho') {
    const back = await this.open(await this.consent(how, `${mount}/connect?returnTo=/after`))
    assert.deepEqual([back.status, back.headers.get('location')], [303, `${mount}/connected`])
    const result = await this.open(back.headers.get('location') ?? '')
    assert.equal(result.status, 200)
    return result.text()
  }
}

export const ticketIn = (page) => /name="ticket" value="([^"]+)"/.exec(page)?.[1] ?? ''
