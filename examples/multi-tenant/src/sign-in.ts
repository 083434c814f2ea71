// Stands in for the sign-in of your app, and believes any name. What matters comes after it: the tenant is read from a
// cookie that only this app can sign, never from something that the client can choose.

import { createHmac, timingSafeEqual } from 'node:crypto'
import type { NextFunction, Request, Response } from 'express'
import { settings } from './settings.js'

/** Who works where. The company is the tenant, and its Zoho connection is called after it. */
const TENANTS: ReadonlyMap<string, string> = new Map([
  ['ada', 'acme'],
  ['grace', 'globex'],
])

/**
 * /sign-in/ada: a session, good for every process, because all have the same secret. Lax, not strict: the browser has to
 * bring it along when Zoho sends it back.
 */
export function signIn(req: Request<{ user: string }>, res: Response): void {
  const { user } = req.params
  if (!TENANTS.has(user)) return void res.sendStatus(404)
  res.cookie('session', signed(user), { httpOnly: true, sameSite: 'lax' }).json({ user })
}

/** The tenant of the signed-in user. */
export function tenantOf(req: Request): string | undefined {
  const session = Buffer.from(/(?:^|; )session=([^;]*)/.exec(req.headers.cookie ?? '')?.[1] ?? '')
  const [user = ''] = session.toString().split('.')
  const right = Buffer.from(signed(user))
  return session.length === right.length && timingSafeEqual(session, right) ? TENANTS.get(user) : undefined
}

export function requireSignIn(req: Request, res: Response, next: NextFunction): void {
  if (tenantOf(req) === undefined) res.sendStatus(401)
  else next()
}

function signed(user: string): string {
  return `${user}.${createHmac('sha256', settings.SESSION_SECRET).update(user).digest('base64url')}`
}
