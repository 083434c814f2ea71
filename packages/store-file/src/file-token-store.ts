import type { Clock } from '@zoho-auth/core'
import {
  acquire,
  commit,
  inspect,
  invalidate,
  type Ruling,
  release,
  type TokenRow,
  type TokenStore,
} from '@zoho-auth/core/store'
import { machineTime } from './machine-time.js'
import { folderOf } from './options.js'
import { type Change, RecordFolder } from './record-folder.js'
import { isOver, type StampedRow, stamped, tokenCodec, unstamped } from './token-record.js'

export interface FileTokenStoreOptions {
  /** In place of the machine's clocks, for tests. Processes that share a folder then have to share it too. */
  readonly clock?: Clock
}

/**
 * Keeps tokens in a folder, for all processes of one machine: cluster, PM2, cron.
 *
 * `hit`, `wait` and `cooldown` cost one read; `acquired`, `commit` and `release` write a file and wait until it is on the disk.
 * Each write also looks at a few other records, and removes those in which nothing is left for an hour. Nothing is opened or
 * made before the first use, and nothing stays open. Not for network file systems.
 *
 * @param folder Made with mode 0700 if it is missing. Relative to the working directory. May be that of a
 *   `fileConnectionStore` too.
 * @throws TypeError for what cannot be a folder.
 */
export function fileTokenStore(folder: string, options: FileTokenStoreOptions = {}): TokenStore {
  const time = machineTime(options.clock)
  const records = new RecordFolder(folderOf(folder), 'tokens', tokenCodec, (record) => isOver(record, time))

  const ruled =
    <Answer>(rule: (row: TokenRow, now: number) => Ruling<Answer>) =>
    (record: StampedRow | undefined): Change<StampedRow, Answer> => {
      const now = time.now()
      const { row, stepped } = unstamped(record, time, now)
      const { answer, write = stepped ? row : undefined } = rule(row, now)
      return { answer, write: write && stamped(write, time, now) }
    }

  return {
    durable: true,
    acquire: (key, request) =>
      records.change(
        key,
        ruled((row, now) => acquire(row, request, now)),
      ),
    commit: (key, lease, value, lifeMs) =>
      records.change(
        key,
        ruled((row, now) => commit(row, lease, value, lifeMs, now)),
      ),
    release: (key, lease, options = {}) =>
      records.change(
        key,
        ruled((row, now) => release(row, lease, options, now)),
      ),
    invalidate: (key, cooldown) =>
      records.change(
        key,
        ruled((row, now) => invalidate(row, cooldown, now)),
      ),
    async inspect(key) {
      const record = await records.read(key)
      const now = time.now()
      return record && inspect(unstamped(record, time, now).row, now)
    },
  }
}
