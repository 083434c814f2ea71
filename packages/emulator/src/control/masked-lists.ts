import type { GrantSummary, LiveToken } from '../emulator.js'
import type { Fault } from '../faults.js'
import { fingerprint, masked, maskedText } from '../secrets.js'

/** A grant without its secret: `id` stands for it in commands. */
export function grantAsJson({ refreshToken, ...grant }: GrantSummary): object {
  return { id: fingerprint(refreshToken), refreshToken: masked(refreshToken), ...grant }
}

/** An access token without its secret: `id` stands for it in commands, `grant` for its refresh token. */
export function tokenAsJson({ accessToken, refreshToken, ...token }: LiveToken): object {
  const grant =
    refreshToken === undefined ? {} : { grant: fingerprint(refreshToken), refreshToken: masked(refreshToken) }
  return { id: fingerprint(accessToken), accessToken: masked(accessToken), ...grant, ...token }
}

/** A fault that waits. JSON has no infinity: `"forever"` stands for it. */
export function faultAsJson(fault: Fault): object {
  const shown = Object.entries(fault).map(([name, value]) => [name, shownField(name, value)])
  return Object.fromEntries(shown) as object
}

function shownField(name: string, value: unknown): unknown {
  if (value === Number.POSITIVE_INFINITY) return 'forever'
  if (typeof value !== 'string') return value
  return name === 'refreshToken' ? masked(value) : maskedText(value)
}
