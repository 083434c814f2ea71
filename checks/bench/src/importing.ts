import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bundle } from '../../support/bundle.mjs'
import { figure } from '../../support/figures.mjs'
import { line } from './sample.js'

/** Fresh processes per import. */
const RUNS = 11

/** What importing core may take, as a part of importing openid-client. */
const MAX_RATIO = 0.5

/** The median import in fresh processes, beside openid-client and an import of nothing. Core as it is published: one file. */
export async function importing(): Promise<void> {
  console.log('\nimport, in fresh processes')
  line('', 'median ms', 'best ms')
  const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-import-'))
  try {
    const core = fileURLToPath(import.meta.resolve('@zoho-auth/core'))
    await bundle([core], folder, dirname(core))
    measured('nothing', 'data:text/javascript,')
    const ours = measured('@zoho-auth/core', pathToFileURL(join(folder, 'index.js')).href)
    const theirs = measured(
      'openid-client, loaded at the first refresh',
      import.meta.resolve('openid-client'),
    )
    const ratio = ours / theirs
    line('core ÷ openid-client', '', ratio.toFixed(2))
    figure('import of core ÷ import of openid-client', ratio <= MAX_RATIO, ratio.toFixed(2))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @returns The best of all runs, in milliseconds. */
function measured(name: string, specifier: string): number {
  const code = `const s = performance.now(); await import(${JSON.stringify(specifier)}); console.log(performance.now() - s)`
  const times = Array.from({ length: RUNS }, () =>
    Number(
      execFileSync(process.execPath, ['--input-type=module', '-e', code], {
        encoding: 'utf8',
        timeout: 60_000,
      }),
    ),
  ).sort((a, b) => a - b)
  const best = times[0] ?? Number.NaN
  line(name, (times[RUNS >> 1] ?? Number.NaN).toFixed(1), best.toFixed(1))
  return best
}
