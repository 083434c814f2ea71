/** What is called of a client of `redis`. */
interface RedisReader {
  scanIterator(options: { readonly COUNT: number }): AsyncIterable<string[]>
  hGetAll(key: string): Promise<object>
}

/** What is called of a pool of `pg`. */
interface PostgresReader {
  query(text: string): Promise<{ readonly rows: readonly unknown[] }>
}

/** Everything that a Redis holds, one text per key. All are hashes: any other fails. */
export function dumpRedis(client: RedisReader): Promise<readonly string[]>

/** Every row of every table of the schema `public`. */
export function dumpPostgres(pool: PostgresReader): Promise<readonly string[]>

/** Every file below a folder. */
export function dumpFolder(folder: string): readonly string[]
