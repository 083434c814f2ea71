import { isZohoAuthError, type ZohoAuth, ZohoAuthError } from '@zoho-auth/core'
import { type ConnectionAnswer, type ConnectionResolver, firstAnswer } from '@zoho-auth/core/adapter'
import type { ZohoAuthModuleOptions } from './options.js'

/** Enters the scope of one request, and goes on inside it. */
export type RequestScope = (request: object, next: () => void) => void

/** Where a request keeps, by the name of the root, how its connection is found. */
const CHOICES: unique symbol = Symbol.for('zoho-auth.nestjs.choices') as never

type Choices = Map<string, () => Promise<string>>

/**
 * The scope holds the request, not an id: `connection` is asked at the first use of a token. Without `connection` there
 * is no scope, and the engine decides.
 */
export function requestScope(
  auth: ZohoAuth,
  name: string,
  connection: ZohoAuthModuleOptions['connection'],
): RequestScope {
  if (connection === undefined)
    return (request, next) => {
      keepChoice(request, name, async () => (await auth.status()).connection)
      next()
    }
  return (request, next) => {
    const resolve = firstAnswer(() => ask(auth, connection, request))
    keepChoice(request, name, async () => chosen(await resolve()))
    if (auth.ambient) auth.withConnection(resolve, next)
    else next()
  }
}

/** How the connection of a request is found, by the choice that its calls share; none if no scope was entered for it. */
export function choiceOf(request: unknown, name: string): (() => Promise<string>) | undefined {
  return (request as { [CHOICES]?: Choices } | null | undefined)?.[CHOICES]?.get(name)
}

/**
 * The connection of a caller that no scope was entered for, such as a message: what the engine decides, and where it has
 * nothing to decide by, what `connection` answers for the caller.
 *
 * @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION` if there is none.
 */
export async function connectionOutsideScope(
  auth: ZohoAuth,
  connection: ZohoAuthModuleOptions['connection'],
  caller: unknown,
): Promise<string> {
  try {
    return await auth.connectionId()
  } catch (error) {
    const nothingChosen = isZohoAuthError(error) && error.code === 'ERR_ZOHO_NO_CONNECTION'
    if (connection === undefined || !nothingChosen) throw error
    return chosen((await ask(auth, connection, caller)) ?? undefined)
  }
}

/** Inside `connection` nobody is chosen: a call to Zoho from there would otherwise wait for its own answer. */
function ask(
  auth: ZohoAuth,
  connection: NonNullable<ZohoAuthModuleOptions['connection']>,
  caller: unknown,
): ConnectionAnswer | Promise<ConnectionAnswer> {
  return auth.ambient ? auth.withConnection(noOne, () => connection(caller)) : connection(caller)
}

/** Not enumerable, so that a request that is logged does not show it. */
function keepChoice(request: { [CHOICES]?: Choices }, name: string, choice: () => Promise<string>): void {
  if (request[CHOICES] === undefined) Object.defineProperty(request, CHOICES, { value: new Map() })
  request[CHOICES]?.set(name, choice)
}

function chosen(id: string | undefined): string {
  if (id !== undefined) return id
  throw new ZohoAuthError('ERR_ZOHO_NO_CONNECTION')
}

const noOne: ConnectionResolver = () => undefined
