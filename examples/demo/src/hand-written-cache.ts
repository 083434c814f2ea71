import type { Emulator, GrantInfo } from '@zoho-auth/emulator'
import type { Candidates } from './apps/demo-app.js'

/**
 * What many projects have instead: one token in a variable, fetched again when its time is over.
 *
 * It is no straw man: it checks the expiry and drops a token that Zoho refuses. What it lacks is what is hard to see in a
 * test with one request at a time: everybody who comes while the token is missing fetches one of their own, nothing is
 * refreshed ahead, and a refused request is not sent again.
 */
export class HandWrittenCache {
  readonly #emulator: Emulator
  readonly #grant: GrantInfo
  #token: string | undefined
  #expiresAt = 0

  constructor(emulator: Emulator, grant: GrantInfo) {
    this.#emulator = emulator
    this.#grant = grant
  }

  /** Whether the next caller gets a token without waiting. */
  get hasToken(): boolean {
    return this.#token !== undefined && Date.now() < this.#expiresAt
  }

  /** Reads candidates. @returns The Zoho user whose token the request carried. */
  async ask(): Promise<string> {
    const token = this.#token !== undefined && this.hasToken ? this.#token : await this.#fetchToken()
    const response = await fetch(`${this.#emulator.url}/recruit/v2/Candidates`, {
      headers: { Authorization: `Zoho-oauthtoken ${token}` },
    })
    if (response.status === 401) this.#token = undefined
    const { echo, code } = (await response.json()) as Partial<Candidates> & { code?: string }
    if (echo === undefined) throw Object.assign(new Error('Zoho refused the request'), { code })
    return echo.user
  }

  async #fetchToken(): Promise<string> {
    const { clientId, clientSecret, accountsUrl } = this.#emulator
    const response = await fetch(`${accountsUrl}/oauth/v2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: clientId,
        client_secret: clientSecret,
        refresh_token: this.#grant.refreshToken,
      }),
    })
    const body = (await response.json()) as { access_token?: string; expires_in?: number; error?: string }
    if (body.access_token === undefined)
      throw Object.assign(new Error('Zoho gave no token'), { code: body.error })
    this.#token = body.access_token
    this.#expiresAt = Date.now() + (body.expires_in ?? 0) * 1000
    return body.access_token
  }
}
