import { type ConnectionResolver, firstAnswer, type ZohoAuth, ZohoAuthError } from '@zoho-auth/core'
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
  const scoped = auth.ambient
  // Inside `connection` nobody is chosen: a call to Zoho from there would otherwise wait for its own answer.
  const ask = (request: object) =>
    scoped ? auth.withConnection(noOne, () => connection(request)) : connection(request)
  return (request, next) => {
    const resolve = firstAnswer(() => ask(request))
    keepChoice(request, name, async () => chosen(await resolve()))
    if (scoped) auth.withConnection(resolve, next)
    else next()
  }
}

/**
 * The connection of a request, by the choice that its calls share.
 *
 * @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION` where there is none, `ERR_ZOHO_CONFIG` where no root of this name saw
 *   the request.
 */
export async function connectionOf(request: unknown, name: string): Promise<string> {
  const choice = (request as { [CHOICES]?: Choices } | null | undefined)?.[CHOICES]?.get(name)
  if (choice !== undefined) return choice()
  throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
    message: `@ZohoConnection() found no request that ZohoAuthModule "${name}" has seen`,
    action: 'Import ZohoAuthModule.forRoot() with this name. Outside HTTP, pass the connection by hand.',
  })
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
