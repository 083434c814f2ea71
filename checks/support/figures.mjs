import { appendFileSync } from 'node:fs'

/**
 * Adds a figure that was measured to `FIGURES_FILE`, from which `pnpm test:full` makes its table. Nothing without it.
 *
 * @param {string} name
 * @param {boolean} ok whether it is what it must be
 * @param {string} measured
 * @param {import('./figures.mjs').Proof} [proof]
 */
export function figure(name, ok, measured, proof = {}) {
  const { FIGURES_FILE: file } = process.env
  if (file) appendFileSync(file, `${JSON.stringify({ name, ok, measured, ...proof })}\n`)
}
