import { expect, test } from '@jest/globals'
import { createZohoAuth, type ZohoAuth, type ZohoHandle } from '@zoho-auth/core'
import { createFakeZohoAuth } from '@zoho-auth/core/testing'
import express, { type ErrorRequestHandler, type Request, type RequestHandler } from 'express'
import {
  DEFAULT_PROXY_TIMEOUT_MS,
  type ZohoAuthMiddleware,
  zohoAuth,
  zohoErrorHandler,
  zohoProxy,
} from '../src/index.js'

/** What a program looks like that uses this package; that it compiles is the test. */
export function program(auth: ZohoAuth): express.Express {
  const app = express()
  app.use(zohoAuth())
  app.use(zohoAuth({ auth, connection: (req) => req.user?.org }))
  app.use(zohoAuth({ auth, connection: async (req) => req.user?.org }))
  app.use(zohoAuth({ auth, connection: (req: Request) => req.get('x-org') }))
  app.use('/tenants/:org', zohoAuth<Request<{ org: string }>>({ auth, connection: (req) => req.params.org }))
  app.use(zohoAuth({ clientId: 'the-client', connections: async () => undefined }))
  app.get('/', zohoAuth({ auth }), (req, res, next) => {
    const zoho: ZohoHandle = req.zoho
    zoho
      .fetch('/recruit/v2/Candidates', { product: 'recruit' })
      .then((answer) => res.sendStatus(answer.status), next)
  })
  app.use('/recruit', zohoProxy({ product: 'recruit', authorize: (req) => req.user !== undefined }))
  app.use(
    '/crm',
    zohoProxy({ product: 'crm', authorize: async (req: Request) => req.get('x-org') === 'acme' }),
  )
  app.use('/tenants/:org', proxyOfTenant(auth))
  app.use(zohoErrorHandler())
  app.use(zohoErrorHandler({ instance: (req) => req.url }))
  app.use(zohoErrorHandler({ instance: (req: Request) => req.originalUrl }))
  return app
}

const proxyOfTenant = (auth: ZohoAuth): RequestHandler<{ org: string }> =>
  zohoProxy<Request<{ org: string }>>({
    product: 'desk',
    auth,
    authorize: (req) => req.user?.org === req.params.org,
    connection: (req) => req.params.org,
    rewrite: (req) => `/api/v1${req.url}`,
    dropHeaders: ['x-api-key'],
    timeoutMs: 2 * DEFAULT_PROXY_TIMEOUT_MS,
  })

test('the middleware is a RequestHandler, and the error handler an ErrorRequestHandler', () => {
  const auth: ZohoAuth = createFakeZohoAuth()
  const middleware: ZohoAuthMiddleware = zohoAuth({ auth })
  const handler: RequestHandler = middleware
  const errorHandler: ErrorRequestHandler = zohoErrorHandler()
  expect(handler).toHaveLength(3)
  expect(errorHandler).toHaveLength(4)
  expect(middleware.auth).toBe(auth)
})

test('wrong uses do not compile', () => {
  // @ts-expect-error A connection id is a string.
  const wrongId = () => zohoAuth({ connection: () => 1 })
  // @ts-expect-error There is no such option.
  const unknown = () => zohoAuth({ clientid: 'the-client' })
  // @ts-expect-error A handle is bound: another connection is `forConnection`.
  const rebound = (req: Request) => req.zoho.getToken({ connection: 'acme' })
  // @ts-expect-error An open door.
  const open = () => zohoProxy({ product: 'recruit' })
  // @ts-expect-error Only `true` opens; an object could be anything.
  const vague = () => zohoProxy({ product: 'recruit', authorize: (req) => req.user })
  // @ts-expect-error There is no such product.
  const elsewhere = () => zohoProxy({ product: 'gmail', authorize: () => true })
  expect([wrongId, unknown, rebound, open, vague, elsewhere, createZohoAuth]).toHaveLength(7)
})
