import { execFileSync } from 'node:child_process'
import { line } from './sample.js'

/** Fresh processes per import. */
const RUNS = 11

/** The median import in fresh processes, beside openid-client and an import of nothing. */
export async function importing(): Promise<void> {
  console.log('\nimport, in fresh processes')
  line('', 'median ms', 'best ms')
  for (const [name, specifier] of [
    ['nothing', 'data:text/javascript,'],
    ['@zoho-auth/core', import.meta.resolve('@zoho-auth/core')],
    ['openid-client, loaded at the first refresh', import.meta.resolve('openid-client')],
  ] as const) {
    const code = `const s = performance.now(); await import(${JSON.stringify(specifier)}); console.log(performance.now() - s)`
    const times = Array.from({ length: RUNS }, () =>
      Number(
        execFileSync(process.execPath, ['--input-type=module', '-e', code], {
          encoding: 'utf8',
          timeout: 60_000,
        }),
      ),
    ).sort((a, b) => a - b)
    line(name, (times[RUNS >> 1] ?? Number.NaN).toFixed(1), (times[0] ?? Number.NaN).toFixed(1))
  }
}
