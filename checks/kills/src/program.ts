import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** What a driver would load if it were there, and what nobody installs. */
const ABSENT = ['ioredis', 'pg-native']

/**
 * The program of a process in one file: a thousand processes start, and most of that is loading modules and compiling them.
 */
export interface Program {
  readonly bundle: string
  /** Where what V8 makes of it is kept for the processes of one store. */
  cacheOf(store: string): string
  remove(): void
}

export async function bundleProgram(): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-kills-'))
  const bundle = join(folder, 'process.cjs')
  await build({
    entryPoints: [fileURLToPath(new URL('./process.js', import.meta.url))],
    outfile: bundle,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    minify: true,
    external: ABSENT,
    logLevel: 'error',
  })
  return {
    bundle,
    cacheOf: (store) => join(folder, `${store}.cache`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
