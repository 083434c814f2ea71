import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

/** What a driver would load if it were there, and what nobody installs. */
const ABSENT = ['ioredis', 'pg-native']

/** CommonJS packages in it ask for this. */
const REQUIRE = "import{createRequire}from'node:module';const require=createRequire(import.meta.url);"

/**
 * The program of a process in few files, as bundled apps have it: a thousand processes start, and most of that time is loading
 * modules.
 */
export interface Program {
  readonly url: string
  remove(): void
}

export async function bundleProgram(): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'zoho-auth-kills-'))
  await build({
    entryPoints: [fileURLToPath(new URL('./process.js', import.meta.url))],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    minify: true,
    external: ABSENT,
    banner: { js: REQUIRE },
    logLevel: 'error',
  })
  return {
    url: pathToFileURL(join(folder, 'process.mjs')).href,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
