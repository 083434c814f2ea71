import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { type FileHandle, open, readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { FILE_MODE, makeFolder, makePrivateFolder, remove, replace, sync, syncFolder } from './disk.js'
import { busy, codeOf, damaged, unreadable, unwritable } from './faults.js'
import { KeyedMutex } from './keyed-mutex.js'
import { acquire, holds, LOCK_WAIT_MS, release } from './lock.js'
import { newOwner, type ProcessIdentity, thisProcess } from './owner.js'
import { sweep } from './sweep.js'

/** The format this version writes. It refuses to read, and so to replace, a newer one. */
const FORMAT = 1
/** How often a write starts again whose lock was taken away meanwhile. */
const MAX_ATTEMPTS = 3
/** A folder is swept at the first write to it, and then this often, in milliseconds (one hour). */
const SWEEP_EVERY_MS = 3_600_000
/** How many old records one write looks at, to remove those that are over. It lists one of the 256 folders for them at most. */
const OLD_PER_WRITE = 4
/** How many files `list` reads at once. */
const READ_AT_ONCE = 16

const DATA = /^[0-9a-f]{64}\.json$/
const SHARD = /^[0-9a-f]{2}$/
const SHARDS = 256

/** How one kind of record is written. */
export interface Codec<T> {
  encode(record: T): Record<string, unknown>
  /** `undefined` for anything this version cannot have written. */
  decode(fields: Readonly<Record<string, unknown>>, key: string): T | undefined
}

/** What to do with a record. Neither `write` nor `remove`: nothing. */
export interface Change<T, Answer> {
  readonly answer: Answer
  readonly write?: T | undefined
  readonly remove?: boolean
}

interface RecordFiles {
  /** The folder, one of 256, so that none gets very large. */
  readonly folder: string
  readonly data: string
  readonly lock: string
  temporary(owner: string): string
}

/**
 * Records in a folder, one file for each key, changed by many processes. A file is named by a digest of its key, so any
 * key will do and none shows; the record repeats its key, and is checked against it.
 *
 * Reading takes no lock: a file is replaced in one step, so it is always whole. A change is decided twice: on what is read
 * without the lock, where most calls end, and again under it.
 */
export class RecordFolder<T> {
  readonly #root: string
  readonly #folder: string
  readonly #codec: Codec<T>
  readonly #mutex = new KeyedMutex()
  /** When each of the 256 folders was prepared, on the scale of `performance.now()`. */
  readonly #prepared = new Map<string, number>()
  readonly #isOver: ((record: T) => boolean) | undefined
  /** Digests of one folder that were not looked at yet; the next folder follows. A short process begins anywhere. */
  #old: string[] = []
  #shard = Math.floor(Math.random() * SHARDS)
  #me: ProcessIdentity | undefined

  /**
   * @param root The folder the app named; made if missing, its mode is left alone.
   * @param kind Its subfolder for this kind of record.
   * @param isOver Whether nothing is left in a record that matters: writes to other keys remove it. Default: never.
   */
  constructor(root: string, kind: string, codec: Codec<T>, isOver?: (record: T) => boolean) {
    this.#root = root
    this.#folder = join(root, kind)
    this.#codec = codec
    this.#isOver = isOver
  }

  read(key: string): Promise<T | undefined> {
    return this.#read(this.#filesOf(digestOf(key)).data, key)
  }

  /**
   * Reads, decides and writes, as one step for all processes.
   *
   * @param decide May be called several times; the last answer counts. What it throws is passed on, and nothing is written.
   * @throws Error that names the file or folder which is damaged, cannot be written, or stays locked.
   */
  async change<Answer>(key: string, decide: (record: T | undefined) => Change<T, Answer>): Promise<Answer> {
    const files = this.#filesOf(digestOf(key))
    const deadline = performance.now() + LOCK_WAIT_MS
    const look = async () => decide(await this.#read(files.data, key))
    const first = await look()
    if (!changes(first)) return first.answer
    const answer = await this.#mutex.run(files.data, async (waited) => {
      const second = waited ? await look() : first
      if (!changes(second)) return second.answer
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const done = await this.#attempt(files, key, look, deadline)
        if (done) return done.answer
      }
      throw busy(files.data, `its lock was taken away ${MAX_ATTEMPTS} times; the disk is too slow`)
    })
    if (this.#isOver !== undefined) await this.#removeOld(this.#isOver)
    return answer
  }

  /** Looks at {@link OLD_PER_WRITE} records. One that cannot be read, or is being changed, is left to who needs it. */
  async #removeOld(isOver: (record: T) => boolean): Promise<void> {
    if (this.#old.length === 0) {
      this.#shard = (this.#shard + 1) % SHARDS
      const folder = join(this.#folder, this.#shard.toString(16).padStart(2, '0'))
      this.#old = await names(folder, DATA).catch(() => [])
    }
    const looks = this.#old.splice(0, OLD_PER_WRITE).map(async (name) => {
      const files = this.#filesOf(basename(name, '.json'))
      const look = async () => {
        const record = await this.#read(files.data)
        return { answer: undefined, remove: record !== undefined && isOver(record) }
      }
      if (changes(await look())) await this.#attempt(files, '', look, performance.now())
    })
    await Promise.allSettled(looks)
  }

  /** Every record, in no order. Those that cannot be read come last, as one error. */
  async *list(): AsyncGenerator<T> {
    const faults: unknown[] = []
    for (const shard of await names(this.#folder, SHARD)) {
      const files = await names(join(this.#folder, shard), DATA)
      for (let start = 0; start < files.length; start += READ_AT_ONCE) {
        const batch = files.slice(start, start + READ_AT_ONCE)
        const read = await Promise.allSettled(
          batch.map((file) => this.#read(join(this.#folder, shard, file))),
        )
        for (const one of read) {
          if (one.status === 'rejected') faults.push(one.reason)
          else if (one.value !== undefined) yield one.value
        }
      }
    }
    if (faults.length === 1) throw faults[0]
    if (faults.length > 1)
      throw new AggregateError(
        faults,
        `${faults.length} records cannot be read; the first: ${String(faults[0])}`,
      )
  }

  /** @returns `undefined` if the lock was taken away before the write. */
  async #attempt<Answer>(
    files: RecordFiles,
    key: string,
    look: () => Promise<Change<T, Answer>>,
    deadline: number,
  ): Promise<Change<T, Answer> | undefined> {
    const { folder, data, lock } = files
    this.#me ??= thisProcess()
    const owner = newOwner(this.#me)
    const temporary = files.temporary(owner)
    // The temporary file is the right to write: it is made before the lock is taken, and moving it is the write. Who takes
    // the lock over deletes it first, so a former owner that was only slow can never write again.
    const handle = await this.#create(files, temporary)
    let moved = false
    try {
      let change: Change<T, Answer> | undefined
      const held = await acquire({
        path: lock,
        owner,
        me: this.#me,
        deadline,
        disarm: (former) => remove(files.temporary(former)),
        wanted: async () => {
          change = await look()
          return changes(change)
        },
      })
      // What others wrote meanwhile settled it: of many who want the same turn, only one has to take the lock.
      if (!held) return change
      try {
        change = await look()
        if (change.write !== undefined) {
          await handle.writeFile(JSON.stringify({ format: FORMAT, key, ...this.#codec.encode(change.write) }))
          await sync(handle)
          await handle.close()
          moved = await replace(temporary, data)
          if (!moved) return undefined
        } else if (change.remove) {
          if (!holds(lock, owner)) return undefined
          rmSync(data, { force: true })
        }
      } finally {
        release(lock, owner)
      }
      if (changes(change)) await syncFolder(folder)
      return change
    } catch (error) {
      throw isSystemFault(error) ? unwritable(folder, error) : error
    } finally {
      await handle.close()
      if (!moved) await remove(temporary).catch(() => undefined)
    }
  }

  async #create({ folder }: RecordFiles, temporary: string): Promise<FileHandle> {
    try {
      await this.#prepare(folder)
      let handle: FileHandle
      try {
        handle = await open(temporary, 'wx', FILE_MODE)
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error
        // Somebody deleted the folder since it was prepared.
        this.#prepared.delete(folder)
        await this.#prepare(folder)
        handle = await open(temporary, 'wx', FILE_MODE)
      }
      // An unusual umask could have taken away the owner's own right.
      await handle.chmod(FILE_MODE)
      return handle
    } catch (error) {
      throw unwritable(folder, error)
    }
  }

  async #prepare(folder: string): Promise<void> {
    const now = performance.now()
    const before = this.#prepared.get(folder)
    if (before !== undefined && now - before < SWEEP_EVERY_MS) return
    if (before === undefined) {
      await makeFolder(this.#root)
      await makePrivateFolder(this.#folder)
      await makePrivateFolder(folder)
    }
    this.#prepared.set(folder, now)
    this.#me ??= thisProcess()
    await sweep(folder, this.#me)
  }

  /** @param key What the record has to be of; default: whatever its file name is the digest of. */
  async #read(file: string, key?: string): Promise<T | undefined> {
    let text: string
    try {
      text = await readFile(file, 'utf8')
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw unreadable(file, error)
    }
    const fields = parse(text)
    if (fields === undefined) throw damaged(file, 'is not a whole record')
    const { format } = fields
    if (typeof format === 'number' && format > FORMAT)
      throw damaged(
        file,
        `was written by a newer version of @zoho-auth/store-file (format ${format}, this one reads ${FORMAT})`,
      )
    if (
      typeof fields.key !== 'string' ||
      (key === undefined ? !file.endsWith(nameOf(fields.key)) : fields.key !== key)
    )
      throw damaged(file, 'is the record of another key')
    const record = format === FORMAT ? this.#codec.decode(fields, fields.key) : undefined
    if (record === undefined) throw damaged(file, 'is not a record of this version')
    return record
  }

  #filesOf(digest: string): RecordFiles {
    const folder = join(this.#folder, digest.slice(0, 2))
    return {
      folder,
      data: join(folder, `${digest}.json`),
      lock: join(folder, `${digest}.lock`),
      temporary: (owner) => join(folder, `${digest}.${owner}.tmp`),
    }
  }
}

function changes({ write, remove }: Change<unknown, unknown>): boolean {
  return write !== undefined || remove === true
}

function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

function nameOf(key: string): string {
  return `${digestOf(key)}.json`
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

async function names(folder: string, pattern: RegExp): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => pattern.test(name))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw unreadable(folder, error)
  }
}

/** An error of a file operation, as opposed to one that is already worded. */
function isSystemFault(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string'
}
