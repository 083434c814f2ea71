import { Buffer } from 'node:buffer'

/** The access token of an `Authorization` header; both of Zoho's schemes are taken. */
export function presentedToken(authorization: string | undefined): string | undefined {
  return /^(?:Zoho-oauthtoken|Bearer) +(\S+)$/i.exec(authorization ?? '')?.[1]
}

/**
 * Client id and secret of an `Authorization` header.
 *
 * RFC 6749, 2.3.1: both are form-encoded before they are joined.
 */
export function basicCredentials(authorization: string | undefined): readonly [string, string] | undefined {
  const encoded = /^Basic +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined) return undefined
  const [id = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':')
  return [formDecoded(id), formDecoded(rest.join(':'))]
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
