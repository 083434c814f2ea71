import type { ConnectionResolver } from '@zoho-auth/core'

/** Whose Zoho connection a request is for. `undefined`: nobody's, at least not yet. */
export type ConnectionOfRequest<R> = (req: R) => string | undefined | Promise<string | undefined>

/**
 * Asks `connection` about one request, at the first use, and keeps the first defined answer.
 *
 * Whoever asks while an answer is under way shares it, so that ten parallel calls of a handler cost one look at the
 * database. `undefined` (and `null`, which databases like to give) and errors are not kept: the next use asks again.
 */
export function connectionOf<R>(req: R, connection: ConnectionOfRequest<R>): ConnectionResolver {
  let kept: string | undefined
  let asking: Promise<string | undefined> | undefined
  const keep = (id: string | undefined): string | undefined => {
    kept ??= id ?? undefined
    return kept
  }
  const ask = async (answer: Promise<string | undefined>): Promise<string | undefined> => {
    try {
      return keep(await answer)
    } finally {
      asking = undefined
    }
  }
  return () => {
    const known = kept ?? asking
    if (known !== undefined) return known
    const answer = connection(req)
    if (typeof answer !== 'object' || answer === null) return keep(answer)
    asking = ask(answer)
    return asking
  }
}
