import type { Connection, ZohoAuth } from '@zoho-auth/core'
import type { Context } from '../context.js'
import { duration } from '../output/bar.js'
import { Loopback } from './loopback.js'
import type { LoginRequest } from './request.js'

/** How a consent in the browser is asked for. */
export interface BrowserOptions {
  readonly scopes: readonly string[]
  readonly port: number
  /** Runs between the callback and its exchange: what it throws ends the login before Zoho makes a grant. */
  readonly before: () => Promise<void>
  /** Whether the browser is opened; the URL is always shown. */
  readonly open: boolean
  readonly waitMs: number
}

/**
 * Asks for consent in the browser, and takes the callback on this machine. Which data centre the user lives in, Zoho says
 * itself. Ctrl-C ends it until the callback is there, and not after.
 *
 * @throws ZohoAuthError as `consent.start` and `consent.finish` do, and as {@link Loopback}.
 */
export async function consentInBrowser(
  zoho: ZohoAuth,
  { screen, signal, openUrl }: Context,
  { connection, dataCenter, environment, label }: LoginRequest,
  { scopes, port, open, waitMs, before }: BrowserOptions,
): Promise<Connection> {
  const loopback = await Loopback.listen(port)
  try {
    const { redirectUri } = loopback
    screen.done(`the callback is listened for on ${redirectUri}`)
    const start = { connection, scopes, redirectUri, dataCenter, environment, label }
    const { url, state } = await zoho.consent.start(start)
    const callback = loopback.received(
      (callbackUrl) =>
        screen.step('taking the code to Zoho, and storing the grant', async () => {
          // Only if there is a code to lose; whether the callback is ours, core decides.
          const { searchParams } = new URL(callbackUrl)
          if (searchParams.has('code') && searchParams.get('state') === state) await before()
          return zoho.consent.finish(callbackUrl, state, { connection })
        }),
      waitMs,
      signal,
    )
    // Awaited below; without a handler an early failure would end the process.
    callback.catch(() => {})
    screen.tell(`Consent as the Zoho user whose data is to be used, at\n  ${url}`)
    if (open)
      await openUrl(url).catch(() => screen.warn('the browser could not be opened; open the URL yourself'))
    screen.note(`waiting for the consent, ${duration(waitMs)} at most; Ctrl-C ends it`)
    return await callback
  } finally {
    await loopback.close()
  }
}
