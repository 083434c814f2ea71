// What a package ships: each entry point as one JavaScript file with its source map, and the types it reaches, file by file.
//
// `prepack` of every package runs it in the package's folder, `postpack` with `--undo`. In between, `dist` holds what is
// packed, and the output of the compiler lies beside it. Wants a build.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const DIST = 'dist'
const COMPILED = '.compiled'

/** One file for each entry point, our own code in it, dependencies outside. */
export async function bundle(entryPoints, outdir, outbase) {
  await build({
    entryPoints,
    outdir,
    outbase,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: true,
    logLevel: 'warning',
  })
}

async function bundlePackage() {
  const { exports = {}, bin = {} } = JSON.parse(readFileSync('package.json', 'utf8'))
  const entries = Object.values(exports).filter((target) => target.default !== undefined)
  renameSync(DIST, COMPILED)
  const files = [...entries.map((target) => target.default), ...Object.values(bin)]
  await bundle(files.map(compiled), DIST, COMPILED)
  for (const file of typesOf(entries.map((target) => compiled(target.types)))) {
    const target = join(DIST, relative(COMPILED, file))
    mkdirSync(dirname(target), { recursive: true })
    // Maps of declarations lead to sources that are not packed.
    writeFileSync(target, readFileSync(file, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, ''))
  }
}

/** The declarations that these reach, themselves included. */
function typesOf(files) {
  const reached = new Set(files)
  for (const file of reached) {
    const text = readFileSync(file, 'utf8')
    for (const [, path, kind] of text.matchAll(/(?:from|import\(|import) ?['"](\.[^'"]+)\.(c?)js['"]/g))
      reached.add(join(dirname(file), `${path}.d.${kind}ts`))
  }
  return reached
}

function compiled(path) {
  return join(COMPILED, relative(DIST, path))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Also after a pack that was ended half-way.
  if (existsSync(COMPILED)) {
    rmSync(DIST, { recursive: true, force: true })
    renameSync(COMPILED, DIST)
  }
  if (!process.argv.includes('--undo')) await bundlePackage()
}
