/** Put before every key and channel, unless told otherwise. */
export const DEFAULT_PREFIX = 'zoho-auth:'

/** What both stores take. */
export interface RedisStoreOptions {
  /** Put before every key and channel, so that several apps can share a database. Default `zoho-auth:`. */
  readonly prefix?: string | undefined
}

/** @throws TypeError if it is not a string. */
export function prefixOf({ prefix = DEFAULT_PREFIX }: RedisStoreOptions): string {
  if (typeof prefix !== 'string') throw new TypeError('prefix must be a string')
  return prefix
}

/** In braces, a hash tag: everything about one token is in one slot of a cluster. */
export function tokenKey(prefix: string, key: string): string {
  return `${prefix}token:{${key}}`
}

export function connectionKey(prefix: string, id: string): string {
  return `${prefix}connection:{${id}}`
}

/** The channel on which the keys of tokens are published when they change. */
export function changesChannel(prefix: string): string {
  return `${prefix}changes`
}

/** A text as a pattern of SCAN that matches just it. */
export function literally(text: string): string {
  return text.replaceAll(/[\\*?[\]]/g, '\\$&')
}
