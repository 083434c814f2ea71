import { zohoAuth, zohoConnect, zohoErrorHandler } from '@zoho-auth/express'
import express from 'express'
import { serve } from '../serve.js'
import { type App, type AppSettings, SCOPES, sessionOf, tenantOf } from './app.js'
import { engineFor } from './engine.js'
import { SETTINGS_PAGE } from './pages.js'

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** An Express app with tenants, each with a Zoho account that its users connect themselves. */
export async function startExpressApp(settings: AppSettings): Promise<App> {
  const { redirectUri } = settings
  const auth = engineFor(settings)
  const app = express()
  app.set('env', 'production')
  app.use(zohoAuth({ auth, connection: tenantOf }))
  app.use('/zoho', zohoConnect({ auth, scopes: SCOPES, redirectUri, connection: tenantOf }))
  app.get('/sign-in', (req, res) => {
    res.setHeader('Set-Cookie', sessionOf(textOf(req.query.as)))
    res.send(SETTINGS_PAGE)
  })
  app.get('/favicon.ico', (_req, res) => {
    res.status(204).end()
  })
  app.get('/settings', (_req, res) => {
    res.send(SETTINGS_PAGE)
  })
  // Where the app sends people on to another origin, as for a sign-in or to a frontend elsewhere.
  app.get('/elsewhere', (req, res) => {
    res.redirect(textOf(req.query.to))
  })
  app.get('/candidates', async (req, res) => {
    const answer = await req.zoho.fetch('/recruit/v2/Candidates', { product: 'recruit' })
    res.status(answer.status).json(await answer.json())
  })
  app.use(zohoErrorHandler())
  const server = await serve(app)
  return {
    origin: `http://localhost:${server.port}`,
    async close() {
      await server.close()
      await auth.close()
    },
  }
}
