import {
  createParamDecorator,
  type ExecutionContext,
  Inject,
  Injectable,
  type PipeTransform,
} from '@nestjs/common'
import { ModulesContainer } from '@nestjs/core'
import { type ZohoAuth, ZohoAuthError } from '@zoho-auth/core'
import { rootsOf } from './engine-providers.js'
import type { ZohoAuthModuleOptions } from './options.js'
import { choiceOf, connectionOutsideScope } from './request-scope.js'
import { DEFAULT_NAME, getZohoAuthToken, OPTIONS } from './tokens.js'

/**
 * The id of the request's Zoho connection, for a parameter of a handler: the one its calls to Zoho use.
 *
 * ```ts
 * @Get() list(@ZohoConnection() id: string) {}
 * ```
 *
 * A request without one gets `ERR_ZOHO_NO_CONNECTION` (409). In a microservice and in a gateway it is the connection of
 * the surrounding `withConnection`, else the only configured one, else what the option `connection` answers for the
 * message's context or for the gateway's client. That last answer is the parameter's alone: name it in the calls.
 *
 * @param name Of the root; default the one without a name.
 */
export function ZohoConnection(name?: string): ParameterDecorator {
  return connectionParameter(name, RootsPipe)
}

/** The connection of a caller that no middleware has seen, found among the roots of the application. */
type OfRoots = (modules: ModulesContainer) => Promise<string>

const connectionParameter = createParamDecorator(
  (name: string = DEFAULT_NAME, context: ExecutionContext): Promise<string> | OfRoots => {
    const caller = callerOf(context)
    return choiceOf(caller, name)?.() ?? ((modules) => connectionOf(caller, name, modules))
  },
)

/** A decorator is given nothing to inject; a pipe is. */
@Injectable()
class RootsPipe implements PipeTransform<string | OfRoots> {
  readonly #modules: ModulesContainer

  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    this.#modules = modules
  }

  transform(found: string | OfRoots): string | Promise<string> {
    return typeof found === 'function' ? found(this.#modules) : found
  }
}

/** @throws ZohoAuthError `ERR_ZOHO_NO_CONNECTION` if there is none, `ERR_ZOHO_CONFIG` if no root has this name. */
async function connectionOf(caller: unknown, name: string, modules: ModulesContainer): Promise<string> {
  const providers = rootsOf(modules, name)[0]?.providers
  if (providers === undefined)
    throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
      message: `@ZohoConnection() found no ZohoAuthModule "${name}"`,
      action: 'Import ZohoAuthModule.forRoot() with this name.',
    })
  const auth = providers.get(getZohoAuthToken(name))?.instance as ZohoAuth
  const options = providers.get(OPTIONS)?.instance as ZohoAuthModuleOptions | undefined
  return connectionOutsideScope(auth, options?.connection, caller)
}

/**
 * Whom `connection` is asked about: the request of HTTP, also under GraphQL, the context of a microservice's message, or a
 * gateway's client. Never the data of a message, which whoever sends it chooses freely.
 */
function callerOf(context: ExecutionContext): unknown {
  switch (context.getType<string>()) {
    case 'rpc':
      return context.switchToRpc().getContext()
    case 'graphql': {
      const ofOperation = context.getArgByIndex<{ readonly req?: unknown } | undefined>(GRAPHQL_CONTEXT)
      return ofOperation?.req ?? ofOperation
    }
    // The request of HTTP, or the client of a gateway.
    default:
      return context.getArgByIndex(0)
  }
}

/** Where a resolver's context is: after parent and arguments. Nest's drivers put the request in its `req`. */
const GRAPHQL_CONTEXT = 2
