import { faultName } from '@zoho-auth/core/store'

/** What a client or Redis said, without the arguments of the command. */
export class RedisFault extends Error {
  override readonly name = 'RedisFault'
  /** Of the socket, such as `ECONNREFUSED`. */
  declare readonly code?: string

  constructor(message: string, code: unknown) {
    super(message)
    if (typeof code === 'string') this.code = code
  }
}

/** Redis quotes the beginning of a command that it does not know. */
const QUOTED_ARGUMENTS = /,? with args beginning with:.*/s

export function redisFault(thrown: unknown): RedisFault {
  if (thrown instanceof RedisFault) return thrown
  const { message, code } = (thrown ?? {}) as { message?: string; code?: string }
  // Node's error for a host with several addresses has no message of its own, that of node-redis for a time limit neither.
  return new RedisFault(
    (message || code || faultName(thrown) || 'unknown fault').replace(QUOTED_ARGUMENTS, ''),
    code,
  )
}

/** What is kept under a key is not what this version writes there. It is left as it is. */
export function unreadable(key: string, what: string, loss: string): Error {
  return new Error(
    `Redis key ${JSON.stringify(key)} cannot be read: ${what}. It is left as it is; to start afresh, delete it (DEL), which costs ${loss}`,
  )
}

/** A record of a later version of this package. */
export function tooNew(key: string, format: string): Error {
  return new Error(
    `Redis key ${JSON.stringify(key)} has format ${format}, and this version of @zoho-auth/store-redis knows format 1. It is left as it is; upgrade the package`,
  )
}
