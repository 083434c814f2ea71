import { afterEach, expect } from '@jest/globals'
import { type Emulator, type EmulatorOptions, startEmulator } from '../src/index.js'

export const seconds = (count: number): number => count * 1000
export const minutes = (count: number): number => count * 60_000

const running: Emulator[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((emulator) => emulator.close()))
})

/** An emulator whose time stands still, closed after the test. */
export async function start(options: EmulatorOptions = {}): Promise<Emulator> {
  const emulator = await startEmulator({ clock: { now: () => 1_000_000 }, ...options })
  running.push(emulator)
  return emulator
}

export interface TokenBody {
  readonly access_token: string
  readonly refresh_token?: string
  readonly scope?: string
  readonly api_domain?: string
  readonly token_type?: string
  readonly expires_in?: number
  readonly expires_in_sec?: number
  readonly error?: string
  readonly error_description?: string
  readonly status?: string
}

export interface Asked {
  readonly status: number
  readonly body: TokenBody
}

/** The parameters of a refresh with the default grant. */
export function refreshParameters(
  emulator: Emulator,
  changes: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    grant_type: 'refresh_token',
    client_id: emulator.clientId,
    client_secret: emulator.clientSecret,
    refresh_token: emulator.refreshToken,
    ...changes,
  }
}

export function exchangeParameters(
  emulator: Emulator,
  code: string,
  changes: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    grant_type: 'authorization_code',
    client_id: emulator.clientId,
    client_secret: emulator.clientSecret,
    code,
    ...changes,
  }
}

/** Sends parameters to the token endpoint as a form. */
export async function ask(parameters: Readonly<Record<string, string>>, accountsUrl: string): Promise<Asked> {
  const response = await fetch(`${accountsUrl}/oauth/v2/token`, {
    method: 'POST',
    body: new URLSearchParams(parameters),
  })
  return { status: response.status, body: (await response.json()) as TokenBody }
}

export function refresh(
  emulator: Emulator,
  refreshToken: string = emulator.refreshToken,
  accountsUrl: string = emulator.accountsUrl,
): Promise<Asked> {
  return ask(refreshParameters(emulator, { refresh_token: refreshToken }), accountsUrl)
}

/** A new access token of a grant. */
export async function newToken(emulator: Emulator, refreshToken?: string): Promise<string> {
  return (await refresh(emulator, refreshToken)).body.access_token
}

export function callApi(
  emulator: Emulator,
  accessToken: string,
  path = '/recruit/v2/Candidates',
  url: string = emulator.url,
): Promise<Response> {
  return fetch(url + path, { headers: { authorization: `Zoho-oauthtoken ${accessToken}` } })
}

/** The status of an API call with this token: 200 or 401. */
export async function statusWith(emulator: Emulator, accessToken: string): Promise<number> {
  const response = await callApi(emulator, accessToken)
  await response.arrayBuffer()
  return response.status
}

export function post(
  url: string,
  body?: RequestInit['body'],
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, { method: 'POST', headers, redirect: 'manual', ...(body == null ? {} : { body }) })
}

export const REDIRECT_URI = 'http://localhost:3000/callback'

/** The URL a client sends a browser to. `undefined` leaves a parameter out. */
export function consentUrl(emulator: Emulator, changes: Record<string, string | undefined> = {}): string {
  const parameters: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: emulator.clientId,
    redirect_uri: REDIRECT_URI,
    scope: 'ZohoRecruit.modules.ALL,ZohoCRM.modules.READ',
    access_type: 'offline',
    prompt: 'consent',
    state: 'the-state',
    ...changes,
  }
  const given = Object.entries(parameters).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return `${emulator.accountsUrl}/oauth/v2/auth?${new URLSearchParams(given).toString()}`
}

/** The query of the callback to which `user=…&auto=accept` leads. */
export async function consent(
  emulator: Emulator,
  changes: Record<string, string | undefined> = {},
): Promise<URLSearchParams> {
  const response = await fetch(consentUrl(emulator, { user: 'grace', auto: 'accept', ...changes }), {
    redirect: 'manual',
  })
  expect(response.status).toBe(302)
  return callbackOf(response)
}

export function callbackOf(response: Response): URLSearchParams {
  return new URL(response.headers.get('location') ?? '').searchParams
}
