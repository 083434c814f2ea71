import type { Row } from '../../support/report.mjs'
import type { Stage } from './stage.js'

/** New tokens that the library takes per refresh token and ten minutes, of Zoho's ten. */
const MAX_TOKENS = 8
/** A token or code as Zoho makes them. */
const TOKEN_SHAPE = /\b1000\.[0-9a-f]{32}\.[0-9a-f]{32}\b/g

/** What must hold when all kills of a store are over: no more tokens than allowed, no secret in the clear, nobody ended by itself. */
export async function afterwards({ place, emulator, children, keys }: Stage): Promise<Row> {
  const records = await place.dump()
  const texts = [...records, ...children.map(({ output }) => output)].join('\n')
  const secrets = [emulator.clientSecret, ...keys.map((key) => key.slice(key.indexOf(':') + 1))]
  const found =
    (texts.match(TOKEN_SHAPE)?.length ?? 0) + secrets.filter((secret) => texts.includes(secret)).length
  const most = Math.max(
    0,
    ...emulator.grants.map(({ refreshToken }) => emulator.maxTokensInWindow(refreshToken)),
  )
  const ended = children.flatMap(({ endedByItself }) => endedByItself ?? [])
  const killed = new Set(children.map(({ pid }) => pid)).size
  return {
    ok: found === 0 && most <= MAX_TOKENS && ended.length === 0 && records.length > 0,
    figure: `${killed} processes, ${found} secrets in ${records.length} records, ≤ ${most} tokens in 10 min`,
    seen: { ended },
  }
}
