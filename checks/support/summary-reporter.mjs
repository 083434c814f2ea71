import { figure } from './figures.mjs'

/** Prints one plain closing line that any CI log reader can find; `checks/support/full.mjs` takes it from `FIGURES_FILE`. */
export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    const skipped = results.numPendingTests + results.numTodoTests
    const measured = `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`
    process.stdout.write(`\n${measured}\n`)
    figure('tests', failed === 0, measured, {
      trials: results.numPassedTests + failed,
      failures: failed,
      seconds: (Date.now() - results.startTime) / 1_000,
    })
  }
}
