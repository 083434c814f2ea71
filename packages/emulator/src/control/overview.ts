import type { Emulator, EndedToken } from '../emulator.js'
import { faultAsJson, grantAsJson, tokenAsJson } from './masked-lists.js'

/** What one look at the web page holds at most of each list. The newest are kept. */
const MAX_SHOWN = { tokens: 60, endedTokens: 40, grants: 25, users: 25, requests: 100 } as const

/** Everything the web page shows, of one moment, with every secret masked. */
export function overview(emulator: Emulator): unknown {
  const now = emulator.now()
  const since = now - emulator.rules.tokenLifeMs
  return {
    clock: { now, frozen: emulator.frozen, speed: emulator.speed },
    dataCenters: emulator.accountsUrls,
    rules: emulator.rules,
    counters: emulator.counters,
    throttledForMs: emulator.throttledForMs,
    faults: emulator.faults.map(faultAsJson),
    tokens: newest(emulator.liveTokens(), MAX_SHOWN.tokens, tokenAsJson),
    endedTokens: newest(
      emulator.endedTokens.filter(({ endedAt }) => endedAt > since),
      MAX_SHOWN.endedTokens,
      endedTokenAsJson,
    ),
    grants: newest(emulator.grants, MAX_SHOWN.grants, grantAsJson),
    users: newest(emulator.users, MAX_SHOWN.users, (user) => user),
    requests: newest(emulator.requests, MAX_SHOWN.requests, (request) => request),
  }
}

function endedTokenAsJson({ reason, endedAt, ...token }: EndedToken): unknown {
  return { ...tokenAsJson(token), reason, endedAt }
}

function newest<Item>(items: readonly Item[], count: number, asJson: (item: Item) => unknown): unknown {
  return { total: items.length, list: items.slice(-count).map(asJson) }
}
