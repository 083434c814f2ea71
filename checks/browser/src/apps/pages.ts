import { html } from '../serve.js'

/** A page of the app: where its users connect Zoho, and come back to. */
export const SETTINGS_PAGE: string = html(
  'Settings',
  '<a href="/zoho/connect?returnTo=/settings">Connect Zoho</a> <a href="/zoho/disconnect">Disconnect Zoho</a>',
)
