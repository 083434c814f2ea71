import type { Emulator } from '@zoho-auth/emulator'

/** The app under test, whatever its framework. */
export interface App {
  /** On `localhost`: a site of its own, as the emulator and foreign pages are on 127.0.0.1. */
  readonly origin: string
  close(): Promise<void>
}

/** What an app needs to know of Zoho. Goes to another process as JSON. */
export interface AppSettings {
  readonly clientId: string
  readonly clientSecret: Readonly<Record<'us' | 'in', string>>
  readonly accountsUrl: Readonly<Record<'us' | 'in', string>>
  /** Default: the app's own callback. */
  readonly redirectUri?: string
  /** Where connections and tokens are kept for several processes. Default: in memory. */
  readonly folder?: string
}

/** Starts an app of one framework. */
export type StartApp = (settings: AppSettings) => Promise<App>

/** Data centre of the client, and the other one. Their secrets differ. */
export const CLIENT_SECRETS = { us: 'the-client-secret-of-us', in: 'the-client-secret-of-in' } as const

/** Recruit for the app itself; the other two let the result page say whose account it is. */
export const SCOPES: readonly string[] = [
  'ZohoRecruit.modules.ALL',
  'ZohoRecruit.org.READ',
  'AaaServer.profile.READ',
]

/** Who is signed in to the app, as `Set-Cookie`. Sent by other sites too, so that it is not this cookie which stops them. */
export function sessionOf(tenant: string): string {
  return `session=${tenant}; Path=/; HttpOnly; Secure; SameSite=None`
}

export function settingsFor({ clientId, accountsUrls }: Emulator): AppSettings {
  const { us = '', in: india = '' } = accountsUrls
  return { clientId, clientSecret: CLIENT_SECRETS, accountsUrl: { us, in: india } }
}

/** The tenant of a request, from its session. */
export function tenantOf(req: {
  readonly headers: { readonly cookie?: string | undefined }
}): string | undefined {
  return /(?:^|; )session=([\w-]+)/.exec(req.headers.cookie ?? '')?.[1]
}
