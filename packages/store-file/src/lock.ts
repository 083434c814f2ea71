import { readFileSync, readlinkSync, unlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeNote, readNote, remove, replace } from './disk.js'
import { busy } from './faults.js'
import { idOf, type ProcessIdentity, stateOf } from './owner.js'

/** A call gives up after waiting this long for a lock, in milliseconds (5 seconds). It is held for a few file operations. */
export const LOCK_WAIT_MS = 5_000
/** A lock of a process that cannot be judged is taken over after this long, in milliseconds (1.5 seconds). */
const UNKNOWN_OWNER_MS = 1_500
/** A lock of a living process is taken over after this long, in milliseconds (3 seconds): it is stopped, or its thread ended. */
const LIVING_OWNER_MS = 3_000

/** Looking again: after about 1 ms, then less and less often up to about 25 ms. */
const MIN_POLL_MS = 1
const MAX_POLL_MS = 25
/** Heirs of heirs: so many processes killed in the middle of one take-over are cleared away in one go. */
const MAX_HEIRS = 4

/** One attempt to hold one lock. */
export interface LockRequest {
  readonly path: string
  /** From `newOwner`; used once. */
  readonly owner: string
  readonly me: ProcessIdentity
  /** On the scale of `performance.now()`. */
  readonly deadline: number
  /** Takes away from a former owner what it needs to write. Called before its lock is taken over. */
  readonly disarm: (owner: string) => Promise<unknown>
  /** Asked while others hold the lock: whether it is still wanted, after what they may have written. */
  readonly wanted: () => Promise<boolean>
}

/**
 * Takes a lock that others, in this or other processes of this machine, may hold or may have died with.
 *
 * The lock is a note with the name of its owner; making it succeeds for one. That of a dead owner X is not deleted, because
 * between seeing X and deleting it could become somebody else's. It is inherited: `<lock>~X` can be made by one heir only,
 * who looks once more whether the lock is X's, and moves the heir's note over it. X is never an owner again, so whoever
 * comes late with `<lock>~X` sees another name and leaves. An heir who dies is inherited from in the same way.
 *
 * A living owner that was only slow loses too, after {@link LIVING_OWNER_MS}: `disarm` makes its write fail.
 *
 * @returns `false` if the lock is not wanted any more.
 * @throws Error after the deadline.
 */
export async function acquire(request: LockRequest): Promise<boolean> {
  const { path, owner, deadline } = request
  const seen = new Map<string, Sighting>()
  for (let pollMs = MIN_POLL_MS; ; pollMs = Math.min(pollMs * 2, MAX_POLL_MS)) {
    if (await makeNote(path, owner)) return true
    const holder = await readNote(path)
    if (holder !== undefined && lost(path, holder, request, seen)) {
      if (await inherit(path, holder, request, seen, 1)) return true
    }
    if (performance.now() >= deadline)
      throw busy(path, `another process holds this lock for over ${LOCK_WAIT_MS} ms (${holder ?? 'many'})`)
    await sleep(pollMs * (0.5 + Math.random()))
    if (!(await request.wanted())) return false
  }
}

/**
 * Frees a lock if it is still this owner's.
 *
 * Looking and deleting are two system calls in a row. To delete another's lock, this process would have to be stopped for
 * {@link LIVING_OWNER_MS} exactly between them.
 */
export function release(path: string, owner: string): void {
  try {
    if (holds(path, owner)) unlinkSync(path)
  } catch {
    // What could not be deleted is taken over by the next one.
  }
}

/** Whether a lock is this owner's at this moment. */
export function holds(path: string, owner: string): boolean {
  try {
    return (process.platform === 'win32' ? readFileSync(path, 'utf8') : readlinkSync(path)) === owner
  } catch {
    return false
  }
}

/** Since when, on the scale of `performance.now()`, a lock was seen with one owner. */
interface Sighting {
  readonly holder: string
  readonly since: number
}

/** Whether an owner has lost its lock. Time is this call's own: no clock of another process or of a disk is believed. */
function lost(path: string, holder: string, { me }: LockRequest, seen: Map<string, Sighting>): boolean {
  const now = performance.now()
  let sighting = seen.get(path)
  if (sighting?.holder !== holder) {
    sighting = { holder, since: now }
    seen.set(path, sighting)
  }
  const state = stateOf(holder, me)
  if (state === 'gone') return true
  return now - sighting.since >= (state === 'living' ? LIVING_OWNER_MS : UNKNOWN_OWNER_MS)
}

async function inherit(
  path: string,
  former: string,
  request: LockRequest,
  seen: Map<string, Sighting>,
  depth: number,
): Promise<boolean> {
  const will = `${path}~${idOf(former)}`
  if (!(await makeNote(will, request.owner))) {
    const heir = await readNote(will)
    if (heir === undefined || depth >= MAX_HEIRS || !lost(will, heir, request, seen)) return false
    if (!(await inherit(will, heir, request, seen, depth + 1))) return false
  }
  if ((await readNote(path)) !== former) {
    await remove(will)
    return false
  }
  await request.disarm(former)
  await replace(will, path)
  return holds(path, request.owner)
}
