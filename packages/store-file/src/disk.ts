import { fsync } from 'node:fs'
import {
  chmod,
  type FileHandle,
  link,
  mkdir,
  open,
  readFile,
  readlink,
  rename,
  stat,
  symlink,
  unlink,
} from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { codeOf } from './faults.js'

/** Only for the user who runs the app. */
const FOLDER_MODE = 0o700
export const FILE_MODE = 0o600

const WINDOWS = process.platform === 'win32'

/** Windows refuses to replace a file that a virus scanner or an indexer has open: tries, and the pause between them. */
const RENAME_TRIES = 10
const RENAME_PAUSE_MS = 20
const RENAME_AGAIN: ReadonlySet<string | undefined> = new Set(['EPERM', 'EBUSY', 'EACCES'])

/**
 * Moves a file over another one, atomically.
 *
 * @returns `false` if there is nothing to move.
 */
export async function replace(from: string, to: string): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(from, to)
      return true
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return false
      if (!WINDOWS || attempt >= RENAME_TRIES || !RENAME_AGAIN.has(codeOf(error))) throw error
      await sleep(RENAME_PAUSE_MS)
    }
  }
}

/** Removes a file. @returns `false` if there is none. */
export async function remove(path: string): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

/** Makes sure that what was written outlives a power cut. A `FileHandle` of Yarn's Plug'n'Play has no `sync` of its own. */
export function sync({ fd }: FileHandle): Promise<void> {
  return promisify(fsync)(fd)
}

/** Makes sure that a name made or replaced in a folder outlives a power cut. Windows has nothing of the kind. */
export async function syncFolder(folder: string): Promise<void> {
  if (WINDOWS) return
  const handle = await open(folder, 'r')
  try {
    await sync(handle)
  } finally {
    await handle.close()
  }
}

/** Makes a folder that only this user can enter. One that exists may be shared with other things: its mode is left alone. */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
  if (first === undefined) return
  // An unusual umask could have taken away the owner's own right.
  if (!WINDOWS) await chmod(folder, FOLDER_MODE)
  await syncFolder(dirname(first))
}

/** The same, and tightens one that exists and others can enter. */
export async function makePrivateFolder(folder: string): Promise<void> {
  await makeFolder(folder)
  if (!WINDOWS && ((await stat(folder)).mode & 0o777) !== FOLDER_MODE) await chmod(folder, FOLDER_MODE)
}

/**
 * Makes a note: a name with a short text, complete from its first moment on. A symbolic link that points nowhere is one
 * system call; Windows allows those to few users, and gets a hard link to a file.
 *
 * @returns `false` if the name is taken.
 */
export async function makeNote(path: string, text: string): Promise<boolean> {
  try {
    if (!WINDOWS) await symlink(text, path)
    else await linkNote(path, text)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** Reads a note; `undefined` if there is none. */
export async function readNote(path: string): Promise<string | undefined> {
  try {
    return WINDOWS ? await readFile(path, 'utf8') : await readlink(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function linkNote(path: string, text: string): Promise<void> {
  const temporary = `${path}.${text}.tmp`
  const handle = await open(temporary, 'wx', FILE_MODE)
  try {
    await handle.writeFile(text)
    await link(temporary, path)
  } finally {
    await handle.close()
    await remove(temporary)
  }
}
