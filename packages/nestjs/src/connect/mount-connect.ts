import type { IncomingMessage } from 'node:http'
import type { AbstractHttpAdapter } from '@nestjs/core'
import { connectHandler } from '@zoho-auth/connect'
import type { ZohoAuth } from '@zoho-auth/core'
import { configError } from '@zoho-auth/core/adapter'
import type { ZohoAuthModuleOptions } from '../options.js'
import { addConnectRoutes, type FastifyRoutes } from './fastify-routes.js'
import { connectFaults, mountOf } from './options.js'

/**
 * Mounts the flow that connects Zoho users in the browser, if it is asked for. Whose connection a visitor may change is
 * what `connection` of the module says, unless `connect.connection` does.
 *
 * @param roots The options of every root of the application, these included.
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG`, also if something else stands in for the engine that the options describe.
 */
export function mountConnect(
  adapter: AbstractHttpAdapter,
  auth: ZohoAuth,
  { connect, connection }: ZohoAuthModuleOptions,
  roots: readonly ZohoAuthModuleOptions[],
): void {
  if (connect === undefined) return
  const { path, ...rest } = connect
  const faults = [...connectFaults(connect)]
  const here = roots.filter(
    (root) => root.connect?.path !== undefined && mountOf(root.connect.path) === mountOf(path),
  )
  if (here.length > 1)
    faults.push(`connect: ${here.length} roots have the path "${path}": give each a path of its own`)
  if (faults.length > 0) throw configError(faults)
  const options = { ...rest, connection: rest.connection ?? connection }
  const mount = mountOf(path)
  if (adapter.getType() === 'fastify')
    addConnectRoutes(adapter.getInstance<FastifyRoutes>(), mount, { auth, options })
  else adapter.use(mount || '/', connectHandler<IncomingMessage>({ auth, options }))
}
