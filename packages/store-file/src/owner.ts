import { randomBytes } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'

/** What tells this process from every other one of this machine. Empty if the system does not say. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, in ticks since the machine did: a process id is used again, the pair is not. */
  readonly start: string
  /** Which start of the machine. */
  readonly boot: string
  /** Which pid namespace: the same number is another process in another container. */
  readonly namespace: string
}

/**
 * What is known of the process that holds a lock.
 *
 * - `gone`: it does not exist any more, for certain.
 * - `living`: it does, for certain.
 * - `unknown`: it belongs to another pid namespace, or the system has no `/proc` and its number may have been used again.
 */
export type OwnerState = 'gone' | 'living' | 'unknown'

/** Reads who this process is; `/proc` is used if there is one. */
export function thisProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    start: statOf('self')?.start ?? '',
    boot: bootId(),
    namespace: /\[(\d+)\]/.exec(attempt(() => readlinkSync('/proc/self/ns/pid')) ?? '')?.[1] ?? '',
  }
}

/** The first characters of Linux's boot id, or nothing. */
export function bootId(): string {
  return attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'))?.slice(0, 8) ?? ''
}

/** Names one attempt to hold a lock: a random id, and the process that makes it. Safe in a file name; never the same twice. */
export function newOwner({ pid, start, boot, namespace }: ProcessIdentity): string {
  return [randomBytes(8).toString('hex'), pid, start, boot, namespace].join('-')
}

/** The random part of an owner. */
export function idOf(owner: string): string {
  return owner.split('-', 1)[0] ?? ''
}

/** Judges the process behind an owner. Total: text that is no owner is `unknown`. */
export function stateOf(owner: string, me: ProcessIdentity): OwnerState {
  const [, digits, start, boot, namespace] = owner.split('-')
  const pid = Number(digits)
  if (!Number.isSafeInteger(pid) || pid <= 0) return 'unknown'
  if (boot && me.boot && boot !== me.boot) return 'gone'
  if (namespace !== me.namespace) return 'unknown'
  if (!exists(pid)) return 'gone'
  const stat = statOf(pid)
  if (stat === undefined || !start) return 'unknown'
  // A killed process whose parent has not asked for its end yet still has its number, in state Z.
  return stat.start !== start || stat.state === 'Z' || stat.state === 'X' ? 'gone' : 'living'
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** proc(5): the name in field 2 may hold spaces and brackets, so what counts comes after the last bracket. */
function statOf(pid: number | 'self'): { readonly state: string; readonly start: string } | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields?.[0], fields?.[19]]
  return state && start ? { state, start } : undefined
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
