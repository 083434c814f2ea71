import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readNote, remove } from './disk.js'
import { idOf, type ProcessIdentity, stateOf } from './owner.js'

/** Most files that one sweep looks at closely; the rest waits for the next one. */
const MAX_PER_SWEEP = 200
/** A temporary file this old is nobody's, whoever its owner is, in milliseconds (one hour). */
const OLD_MS = 3_600_000

const TEMPORARY = /\.([^.]+)\.tmp$/
const WILL = /^(.+)~([^~]+)$/

/**
 * Clears away what killed processes left in a folder: temporary files, and wills of locks that went another way. Locks
 * themselves stay; the next one who needs the key inherits them.
 *
 * Deleting a temporary file is always safe: its owner, if it lives, fails to write and starts again.
 */
export async function sweep(folder: string, me: ProcessIdentity): Promise<void> {
  let looked = 0
  for (const name of await readdir(folder)) {
    const owner = TEMPORARY.exec(name)?.[1]
    const [, lock, former] = owner === undefined ? (WILL.exec(name) ?? []) : []
    if (owner === undefined && lock === undefined) continue
    if (++looked > MAX_PER_SWEEP) return
    const path = join(folder, name)
    if (owner !== undefined) {
      if (stateOf(owner, me) === 'gone' || (await isOld(path))) await remove(path)
    } else if (lock !== undefined && former !== undefined) {
      // A lock never has the same owner again, so a will for another owner than today's means nothing any more.
      if (idOf((await readNote(join(folder, lock))) ?? '') !== former) await remove(path)
    }
  }
}

async function isOld(path: string): Promise<boolean> {
  try {
    return Date.now() - (await lstat(path)).mtimeMs > OLD_MS
  } catch {
    return false
  }
}
