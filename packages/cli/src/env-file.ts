import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { chmod, rename, unlink, writeFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import { usage } from './failure.js'

/** In the working folder. */
const ENV_FILE = '.env'

/** Secrets are in it: a new one is only for the user who runs the command. */
const FILE_MODE = 0o600

/**
 * Reads `.env` of the working folder into the environment. What the environment has already, wins.
 *
 * @returns How many variables came from it, and `undefined` if there is no such file.
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG` for a file that cannot be read.
 */
export function readEnvFile(): number | undefined {
  const content = contentOf()
  if (content === undefined) return undefined
  let taken = 0
  for (const [name, value] of Object.entries(parseEnv(content))) {
    if (process.env[name] !== undefined) continue
    process.env[name] = value
    taken += 1
  }
  return taken
}

/**
 * Adds lines to `.env`, or replaces those of the same names. The file is replaced in one step.
 *
 * @returns Its own undoing.
 */
export async function writeEnvFile(lines: Readonly<Record<string, string>>): Promise<() => Promise<void>> {
  const before = contentOf()
  const kept = (before ?? '').split('\n').filter((line) => {
    const name = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/.exec(line)?.[1]
    return name === undefined || !Object.hasOwn(lines, name)
  })
  while (kept.at(-1)?.trim() === '') kept.pop()
  await replace(`${[...kept, ...envLines(lines)].join('\n')}\n`)
  return async () => {
    if (before === undefined) await unlink(ENV_FILE).catch(() => {})
    else await replace(before)
  }
}

/** As they stand in `.env`. What could be misread is quoted. */
export function envLines(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([name, value]) =>
    /^[\w.:/+=@,-]*$/.test(value) ? `${name}=${value}` : `${name}='${value}'`,
  )
}

function contentOf(): string | undefined {
  try {
    return readFileSync(ENV_FILE, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw usage(`.env cannot be read (${code ?? 'unknown fault'})`, 'Correct its rights, or move it away.')
  }
}

async function replace(content: string): Promise<void> {
  const there = existsSync(ENV_FILE)
  // A link stays one, and a file keeps the rights that its owner gave it.
  const file = there ? realpathSync(ENV_FILE) : ENV_FILE
  const temporary = `${file}.${process.pid}.tmp`
  try {
    await writeFile(temporary, content, { mode: FILE_MODE })
    if (there) await chmod(temporary, statSync(file).mode & 0o777)
    await rename(temporary, file)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    const { code } = error as NodeJS.ErrnoException
    throw usage(
      `.env cannot be written (${code ?? 'unknown fault'})`,
      'Correct the rights of the working folder, or leave --write-env out.',
    )
  }
}
