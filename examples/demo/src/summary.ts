import type { Verdict } from './promises.js'
import type { Sources } from './scoreboard.js'
import { hasColours } from './screen.js'
import { count } from './table.js'
import { Tally } from './tally.js'
import type { TokenLedger } from './token-ledger.js'

/** The end of the story, in plain words. */
export function summaryOf({ apps, handWritten, ledgers }: Sources, verdicts: readonly Verdict[]): string {
  const broken = verdicts.filter(({ kept }) => !kept).length
  return [
    '',
    'The same load, the same expiries, one deleted token, two throttles:',
    '',
    side(Tally.sum('zoho-auth', apps), ledgers.ours),
    side(handWritten, ledgers.theirs),
    '',
    'What zoho-auth promises, and what happened:',
    '',
    ...verdicts.map(({ kept, words }) => `  ${mark(kept)} ${words}`),
    '',
    broken === 0
      ? `All ${verdicts.length} promises were kept.`
      : `Broken promises: ${broken} of ${verdicts.length}.`,
  ].join('\n')
}

function side({ name, calls, failed, waited }: Tally, ledger: TokenLedger): string {
  const { total, counts } = ledger
  const figures = `${count(calls)} calls, ${count(failed)} failed, ${count(waited)} waited`
  return `  ${`${name}:`.padEnd(19)} ${figures}, ${count(total)} token requests (${count(counts.needless)} needless)`
}

function mark(kept: boolean): string {
  const sign = kept ? '✓' : '✗'
  return hasColours() ? `\u001b[${kept ? 32 : 31}m${sign}\u001b[0m` : sign
}
