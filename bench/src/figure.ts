import { appendFileSync } from 'node:fs'

/** Adds one figure to `FIGURES_FILE`, from which `pnpm test:full` makes its table. Nothing without it. */
export function figure(name: string, ok: boolean, measured: string): void {
  const file = process.env.FIGURES_FILE
  if (file) appendFileSync(file, `${JSON.stringify({ name, ok, measured })}\n`)
}
