import { createParamDecorator, type ExecutionContext } from '@nestjs/common'
import { connectionOf } from './request-scope.js'
import { DEFAULT_NAME } from './tokens.js'

/**
 * The id of the request's Zoho connection, for a parameter of a handler: the one its calls to Zoho use.
 *
 * ```ts
 * @Get() list(@ZohoConnection() id: string) {}
 * ```
 *
 * A request without one gets `ERR_ZOHO_NO_CONNECTION` (409). HTTP only.
 *
 * @param name Of the root; default the one without a name.
 */
export const ZohoConnection: (name?: string) => ParameterDecorator = createParamDecorator(
  (name: string | undefined, context: ExecutionContext) =>
    connectionOf(context.switchToHttp().getRequest(), name ?? DEFAULT_NAME),
)
