import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import { type ConnectHandler, type ConnectSetup, connectHandler } from '@zoho-auth/connect'

/** What we call of Fastify. */
export interface FastifyRoutes {
  route(options: {
    readonly method: 'GET' | 'POST'
    readonly url: string
    readonly exposeHeadRoute: false
    readonly handler: (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  }): unknown
}

interface FastifyRequest {
  readonly raw: IncomingMessage & { body?: unknown }
  readonly body: unknown
}

interface FastifyReply {
  readonly raw: ServerResponse
  getHeaders(): OutgoingHttpHeaders
  hijack(): unknown
  callNotFound(): unknown
}

/** One by one, so that no route of the application's own is hidden, whatever its pattern. */
const ROUTES = [
  ['GET', '/connect'],
  ['GET', '/callback'],
  ['GET', '/connected'],
  ['POST', '/confirm'],
  ['GET', '/disconnect'],
  ['POST', '/disconnect'],
] as const

/**
 * Adds the flow to Fastify. Its hooks run, and the flow's functions get Fastify's own request.
 *
 * Not promised: forms need a parser of `application/x-www-form-urlencoded`, which Nest brings unless it is started with
 * `bodyParser: false`.
 *
 * @param mount Without a slash at its end.
 */
export function addConnectRoutes(
  fastify: FastifyRoutes,
  mount: string,
  { auth, options }: Pick<ConnectSetup<never>, 'auth' | 'options'>,
): void {
  const requests = new WeakMap<IncomingMessage, FastifyRequest>()
  const flow = connectHandler({ auth, options, mount, requestOf: (raw) => requests.get(raw) as never })
  for (const [method, path] of ROUTES)
    fastify.route({
      method,
      url: mount + path,
      exposeHeadRoute: false,
      handler(request, reply) {
        requests.set(request.raw, request)
        // Fastify has read the body, or there is none.
        request.raw.body = request.body ?? {}
        return answered(flow, request, reply)
      },
    })
}

/**
 * Lets the flow write to Node's own response. Fastify is told when that has happened; until then it is Fastify, and with
 * it Nest's exception filters, that an error is left to.
 */
function answered(
  flow: ConnectHandler<never>,
  { raw: req }: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { raw } = reply
  // What hooks and plugins have put on the reply goes along.
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value)
  return new Promise((resolve, reject) => {
    finished(raw, () => {
      reply.hijack()
      resolve()
    })
    flow(req as never, raw, (error) => {
      if (error === undefined) reply.callNotFound()
      else reject(error)
    })
  })
}
