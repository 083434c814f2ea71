import type { ZohoAuthError } from '@zoho-auth/core'
import type { Result } from './cookies.js'

/** What a page links to, all on the app's own origin. */
export interface Links {
  readonly connect: string
  readonly confirm: string
  readonly disconnect: string
  /** The way back to the app: its own path for those who come from here. */
  readonly app: string
}

/** What was connected, and whether that was meant. */
export function resultPage(result: Result, { confirm }: Links): string {
  const rows: (readonly [string, string])[] = [
    ['Zoho user', result.user ?? 'not known: the scopes do not let it be read'],
    ['Organisation', result.organization ?? 'not known: the scopes do not let it be read'],
    ['Data centre', result.dataCenter],
    ['Connection', result.connection],
    ['May do', result.scopes.join(', ') || 'what Zoho’s page said'],
  ]
  const list = rows.map(([name, value]) => `<dt>${name}</dt><dd>${escaped(value)}</dd>`).join('')
  return page(
    'Zoho is connected',
    `<p>Is this the right account?</p><dl>${list}</dl>
<form method="post" action="${escaped(confirm)}">
<input type="hidden" name="ticket" value="${escaped(result.ticket)}">
<button name="answer" value="keep">Yes, keep it</button>
<button name="answer" value="undo">No, undo</button>
</form>`,
  )
}

/** Asks before a connection is taken back. */
export function disconnectPage(connection: string, { disconnect, app }: Links): string {
  return page(
    'Disconnect Zoho?',
    `<p>The connection “${escaped(connection)}” will end at Zoho, here and everywhere else.</p>
<form method="post" action="${escaped(disconnect)}"><button>Disconnect</button></form>${backTo(app)}`,
  )
}

export function disconnectedPage({ connect, app }: Links): string {
  return page(
    'Zoho is disconnected',
    `<p>Nothing here can use that account any more.</p><p><a href="${escaped(connect)}">Connect again</a></p>${backTo(app)}`,
  )
}

/** After “No, undo” if there was an account before. */
export function restoredPage({ connect, app }: Links): string {
  return page(
    'Zoho is connected as before',
    `<p>The new account is disconnected, and the account before is connected again.</p>
<p><a href="${escaped(connect)}">Connect another account</a></p>${backTo(app)}`,
  )
}

/** After “No, undo” if the connection could not be looked at. */
export function undonePage({ connect, app }: Links): string {
  return page(
    'Undone',
    `<p>The new account is disconnected.</p><p><a href="${escaped(connect)}">Connect again</a></p>${backTo(app)}`,
  )
}

/** A problem, in words fit for strangers: ours, never those of a provider or a URL. */
export function problemPage(error: ZohoAuthError, { connect, app }: Links): string {
  return page(
    'That did not work',
    `<p>${escaped(error.message)}.</p><p><a href="${escaped(connect)}">Start again</a></p>${backTo(app)}<p><small>${error.code}</small></p>`,
  )
}

/** For a visitor who may not connect or disconnect. */
export function forbiddenPage({ app }: Links): string {
  return page('Not allowed', `<p>You may not connect or disconnect Zoho here.</p>${backTo(app)}`)
}

function backTo(app: string): string {
  return `<p><a href="${escaped(app)}">Back to the app</a></p>`
}

const STYLE =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}dt{font-weight:600}dd{margin:0 0 .5rem}button{font:inherit;padding:.4rem .9rem;margin-right:.5rem}'

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style></head><body><main><h1>${title}</h1>${body}</main></body></html>`
}

/**
 * Headers of every page: nothing is loaded, framed, kept or passed on.
 *
 * There is no `form-action`: Chromium holds it against every redirect that follows a form, so that “Yes, keep it” would do
 * nothing if the app sends its users on to another origin, such as a sign-in or a frontend elsewhere.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  'X-Content-Type-Options': 'nosniff',
})

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
