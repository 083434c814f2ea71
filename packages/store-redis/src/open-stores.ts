import type { OpenedStores } from '@zoho-auth/core/store'
import { connectionStoreOn } from './connection-store.js'
import { DEFAULT_PREFIX } from './keys.js'
import { LazyClient } from './lazy-client.js'
import { tokenStoreOn } from './token-store.js'

/**
 * Both stores of a Redis URL: `redis://user:password@host:6379/0`, or `rediss://` with TLS, and `?prefix=` for another
 * prefix than `zoho-auth:`. Connects at the first use, with `redis` if it is installed, else with `ioredis`. For a
 * cluster or sentinels make the client yourself, and give it to `redisTokenStore`.
 *
 * @throws Error for a URL that cannot be right. Its message names the fault, and never the password in the URL.
 */
export function openStores(url: string): OpenedStores {
  const { server, prefix } = parsed(url)
  const client = new LazyClient(server)
  const ready = () => client.ready()
  return {
    tokens: Object.assign(tokenStoreOn(client, prefix), { ready }),
    connections: Object.assign(connectionStoreOn(client, prefix), { ready }),
    close: () => client.close(),
  }
}

function parsed(text: string): { readonly server: URL; readonly prefix: string } {
  if (!URL.canParse(text)) throw new Error('the Redis URL cannot be read: it is like redis://host:6379/0')
  const server = new URL(text)
  if (server.protocol !== 'redis:' && server.protocol !== 'rediss:')
    throw new Error('a Redis URL begins with redis:// or rediss://')
  if (server.hostname === '') throw new Error('the Redis URL names no host')
  if (!/^(\/\d{0,5})?$/.test(server.pathname))
    throw new Error('the path of a Redis URL is the number of the database, such as /0')
  if (server.hash !== '')
    throw new Error('a Redis URL has no fragment: a "#" in the password is written as %23')
  for (const name of server.searchParams.keys())
    if (name !== 'prefix') throw new Error('a Redis URL takes one parameter, prefix')
  for (const part of [server.username, server.password])
    if (!decodes(part)) throw new Error('user and password of a Redis URL are percent-encoded')
  const prefix = server.searchParams.get('prefix') ?? DEFAULT_PREFIX
  server.search = ''
  return { server, prefix }
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
