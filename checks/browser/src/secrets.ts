import { createHash } from 'node:crypto'
import type { Emulator } from '@zoho-auth/emulator'
import { CLIENT_SECRETS } from './apps/app.js'
import type { Place, Sight } from './watch.js'

/** Where a code and a state may be: they travel through the browser, by URL alone. */
const ON_THE_WAY: ReadonlySet<Place> = new Set(['url', 'cookie', 'set-cookie'])

/** The characters of a code verifier, and as many as it may have (RFC 7636 section 4.1). */
const VERIFIER = /[A-Za-z0-9._~-]{43,128}/g

/** What could be something encoded, as a cookie is. */
const ENCODED = /[A-Za-z0-9_-]{16,}/g

/**
 * What was seen where it must not be, in words without the secret.
 *
 * Client secrets, refresh and access tokens and code verifiers must not be anywhere, also not as base64url. A verifier is
 * known by its challenge, which every authorization request shows. Codes and states must not be in a `Referer`, a page, a
 * form or the console.
 */
export function leaksIn(sights: readonly Sight[], emulator: Emulator): string[] {
  const secrets = secretsOf(emulator)
  const challenges = new Set(valuesOf(sights, 'code_challenge'))
  const passing = [...valuesOf(sights, 'code'), ...valuesOf(sights, 'state')]
  return sights.flatMap(({ place, of, text }) => {
    const where = `in a ${place} of ${of.split('?', 1)[0]}`
    const readings = [text, decodeURIComponentSafely(text), ...decoded(text)]
    const leaks: string[] = []
    for (const [name, secret] of secrets)
      if (readings.some((reading) => reading.includes(secret))) leaks.push(`${name} ${where}`)
    if (readings.some((reading) => holdsVerifier(reading, challenges))) leaks.push(`a code verifier ${where}`)
    if (
      !ON_THE_WAY.has(place) &&
      passing.some((value) => readings.some((reading) => reading.includes(value)))
    )
      leaks.push(`a code or state ${where}`)
    return leaks
  })
}

/** How many challenges were seen: none would mean that no verifier could be found either. */
export function challengesIn(sights: readonly Sight[]): number {
  return valuesOf(sights, 'code_challenge').length
}

function secretsOf(emulator: Emulator): (readonly [string, string])[] {
  const tokens = [...emulator.liveTokens(), ...emulator.endedTokens]
  const refreshTokens = [...emulator.grants, ...tokens].map(({ refreshToken }) => refreshToken)
  return [
    ...Object.values(CLIENT_SECRETS).map((secret) => ['a client secret', secret] as const),
    ...tokens.map(({ accessToken }) => ['an access token', accessToken] as const),
    ...refreshTokens.flatMap((token) => (token === undefined ? [] : [['a refresh token', token] as const])),
  ]
}

/** All values of a parameter in the URLs that were seen. */
function valuesOf(sights: readonly Sight[], name: string): string[] {
  const urls = new Set(
    sights.flatMap(({ place, text }) => (place === 'url' && URL.canParse(text) ? [text] : [])),
  )
  return [...new Set([...urls].flatMap((url) => new URL(url).searchParams.getAll(name)))].filter(
    (value) => value.length >= SHORTEST,
  )
}

/** Shorter values are words of a test, not secrets of a flow. */
const SHORTEST = 20

function holdsVerifier(text: string, challenges: ReadonlySet<string>): boolean {
  return (text.match(VERIFIER) ?? []).some((word) =>
    challenges.has(createHash('sha256').update(word).digest('base64url')),
  )
}

function decoded(text: string): string[] {
  return (text.match(ENCODED) ?? []).map((word) => Buffer.from(word, 'base64url').toString('utf8'))
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
