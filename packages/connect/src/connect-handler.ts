import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ZohoAuth } from '@zoho-auth/core'
import { isZohoAuthError, ZohoAuthError } from '@zoho-auth/core'
import { grantId, problemHeaders, toProblemDetails } from '@zoho-auth/core/adapter'
import { cookie, FLOWS_COOKIE, type Flow, RESULT_COOKIE, readFlows, readResult, withFlow } from './cookies.js'
import { assertConnectOptions, type ConnectOptions, redirectUriOf } from './options.js'
import { organizationOf } from './organization.js'
import {
  disconnectedPage,
  disconnectPage,
  forbiddenPage,
  type Links,
  PAGE_HEADERS,
  problemPage,
  restoredPage,
  resultPage,
  undonePage,
} from './pages.js'
import { ownPlace } from './return-to.js'
import { formOf, isOwnForm, type Visit, visitOf } from './visit.js'

/** Headers of every answer: a URL with a code in it is not told to anyone, and nothing is kept. */
const HEADERS: Readonly<Record<string, string>> = Object.freeze({
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
})

/** Answers a request, or hands it on. */
export type ConnectHandler<R> = (req: R, res: ServerResponse, next: (error?: unknown) => void) => void

/** What {@link connectHandler} is given by an adapter. */
export interface ConnectSetup<R> {
  readonly auth: ZohoAuth
  readonly options: ConnectOptions<R>
  /** Where it is mounted. Default: what Express took off the URL. */
  readonly mount?: string
  /** The request that the app's own functions are called with. Default: what the handler gets. */
  readonly requestOf?: (req: IncomingMessage) => R
}

/** How one visit is answered. */
interface Answer {
  readonly status: number
  readonly body?: string
  readonly location?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly cookies?: readonly string[]
}

/**
 * The flow for browsers, below where it is mounted: `connect`, `callback`, `connected` (the result, with the question
 * whether it is right), `confirm`, `disconnect`.
 *
 * Not promised: a consent that was begun in one browser cannot be finished in another.
 *
 * @throws ZohoAuthError `ERR_ZOHO_CONFIG` for options that cannot be right.
 */
export function connectHandler<R extends IncomingMessage>(setup: ConnectSetup<R>): ConnectHandler<R> {
  assertConnectOptions(setup.options)
  const flow = new ConnectFlow(setup)
  return (req, res, next) => {
    const visit = visitOf(req, setup.mount)
    const route = visit && flow.routeOf(visit)
    if (visit === undefined || route === undefined) return next()
    const answering = async (): Promise<void> => {
      try {
        send(res, await route(visit).catch((error: unknown) => flow.failed(error, visit)))
      } catch (error) {
        next(error)
      }
    }
    void answering()
  }
}

class ConnectFlow<R extends IncomingMessage> {
  readonly #auth: ZohoAuth
  readonly #options: ConnectOptions<R>
  readonly #requestOf: (req: IncomingMessage) => R
  readonly #redirect: string | undefined

  constructor({ auth, options, requestOf }: ConnectSetup<R>) {
    this.#auth = auth
    this.#options = options
    this.#redirect = redirectUriOf(options)
    this.#requestOf = requestOf ?? ((req) => req as R)
  }

  routeOf({ method, path }: Visit): ((visit: Visit) => Promise<Answer>) | undefined {
    switch (`${method} ${path}`) {
      case 'GET /connect':
        return (visit) => this.#connect(visit)
      case 'GET /callback':
        return (visit) => this.#callback(visit)
      case 'GET /connected':
        return (visit) => this.#connected(visit)
      case 'POST /confirm':
        return (visit) => this.#confirm(visit)
      case 'GET /disconnect':
        return (visit) => this.#askToDisconnect(visit)
      case 'POST /disconnect':
        return (visit) => this.#disconnect(visit)
      default:
        return undefined
    }
  }

  async #connect(visit: Visit): Promise<Answer> {
    const { scopes, dataCenter, environment } = this.#options
    const connection = await this.#admit(visit)
    const asked = visit.url.searchParams.get('returnTo')
    const returnTo = asked === null ? this.#home() : ownPlace(asked)
    if (returnTo === undefined)
      throw new ZohoAuthError('ERR_ZOHO_STATE', {
        message: 'The returnTo of this link is not a path of this app, such as /settings',
        action:
          'Correct the link to connect: returnTo begins with one slash, and has no origin in it. For another origin give a path that redirects there.',
      })
    const redirectUri = this.#redirectUri(visit)
    const { url, state } = await this.#auth.consent.start({
      connection,
      scopes,
      redirectUri,
      dataCenter,
      environment,
    })
    const flows = withFlow(readFlows(visit.req.headers.cookie), { state, returnTo })
    return { status: 302, location: url, cookies: [cookie(FLOWS_COOKIE, flows)] }
  }

  async #callback(visit: Visit): Promise<Answer> {
    const { req, url, mount } = visit
    const { headers } = req
    const connection = await this.#admit(visit)
    const came = url.searchParams.get('state') ?? ''
    const flows = readFlows(headers.cookie)
    const flow: Flow | undefined = flows.find(({ state }) => state === came)
    if (flow === undefined && readResult(headers.cookie)?.state === digestOf(came))
      return { status: 303, location: `${mount}/connected` }
    const left = cookie(
      FLOWS_COOKIE,
      flows.filter((one) => one !== flow),
    )
    try {
      const made = await this.#auth.consent.finish(url, flow?.state ?? '', { connection })
      const result = {
        ticket: newTicket(),
        state: digestOf(came),
        connection,
        dataCenter: made.dataCenter,
        scopes: made.scopes ?? [],
        grant: grantId(made),
        user: made.label,
        organization: await organizationOf(this.#auth, connection, made.scopes ?? []),
        returnTo: flow?.returnTo ?? '/',
      }
      return {
        status: 303,
        location: `${mount}/connected`,
        cookies: [left, cookie(RESULT_COOKIE, result)],
      }
    } catch (error) {
      // A throttled callback can be repeated: its flow stays.
      if (!isZohoAuthError(error) || error.statusCode === undefined || error.code === 'ERR_ZOHO_THROTTLED')
        throw error
      return { ...this.failed(error, visit, flow?.returnTo), cookies: [left] }
    }
  }

  async #connected(visit: Visit): Promise<Answer> {
    const result = readResult(visit.req.headers.cookie)
    if (result === undefined) throw refused('nothing was connected in this browser lately')
    return { status: 200, body: resultPage(result, this.#links(visit)) }
  }

  async #confirm(visit: Visit): Promise<Answer> {
    const connection = await this.#admit(visit)
    const result = readResult(visit.req.headers.cookie)
    const form = await this.#form(visit)
    if (result === undefined || result.connection !== connection || form.get('ticket') !== result.ticket)
      throw refused('the form does not belong to what was connected')
    const cookies = [cookie(RESULT_COOKIE, undefined)]
    if (form.get('answer') !== 'undo')
      return { status: 303, location: ownPlace(result.returnTo) ?? this.#home(), cookies }
    await this.#auth.consent.undo({ connection, grant: result.grant })
    const page = await this.#undone(connection)
    return { status: 200, body: page(this.#links(visit, result.returnTo)), cookies }
  }

  /** What became of an account that was the wrong one. It is undone, so that nothing is an error any more. */
  async #undone(connection: string): Promise<(links: Links) => string> {
    try {
      const { state } = await this.#auth.status(connection)
      return state === 'active' ? restoredPage : disconnectedPage
    } catch {
      return undonePage
    }
  }

  async #askToDisconnect(visit: Visit): Promise<Answer> {
    return { status: 200, body: disconnectPage(await this.#admit(visit), this.#links(visit)) }
  }

  async #disconnect(visit: Visit): Promise<Answer> {
    const connection = await this.#admit(visit)
    await this.#form(visit)
    await this.#auth.revoke({ connection })
    return {
      status: 200,
      body: disconnectedPage(this.#links(visit)),
      cookies: [cookie(RESULT_COOKIE, undefined), cookie(FLOWS_COOKIE, undefined)],
    }
  }

  /** The connection this visitor may change. @throws ZohoAuthError */
  async #admit({ req, local }: Visit): Promise<string> {
    const { authorize, connection } = this.#options
    const request = this.#requestOf(req)
    const open = authorize === undefined && connection === undefined
    if (open && !local)
      throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
        message:
          'the consent flow has neither authorize nor connection, so any visitor could replace the Zoho account of this app',
        action:
          'Pass authorize: (req) => …, or connection: (req) => …, from your own sign-in (zohoConnect, { connect }).',
      })
    if (authorize !== undefined && (await authorize(request)) !== true) throw new Forbidden()
    if (connection === undefined) return this.#auth.connectionId()
    // Where nobody is chosen, the engine says so, to its logger too.
    return this.#auth.forConnection(() => connection(request)).connectionId()
  }

  #redirectUri({ req, local, mount }: Visit): string {
    if (this.#redirect !== undefined) return this.#redirect
    if (local) return `http://${req.headers.host}${mount}/callback`
    throw new ZohoAuthError('ERR_ZOHO_CONFIG', {
      message:
        'redirectUri is missing: pass { redirectUri: "https://app.example.com/zoho/callback" } to the consent flow, or set ZOHO_REDIRECT_URI',
    })
  }

  async #form({ req }: Visit): Promise<URLSearchParams> {
    if (!isOwnForm(req)) throw refused('the form was sent by another site')
    return formOf(req)
  }

  /** Errors with a status are an answer; the others are for the app's own error handler. @param returnTo The way back. */
  failed(error: unknown, visit: Visit, returnTo?: string): Answer {
    const links = this.#links(visit, returnTo)
    if (error instanceof Forbidden) return { status: 403, body: forbiddenPage(links) }
    if (!isZohoAuthError(error) || error.statusCode === undefined) throw error
    const { accept = '' } = visit.req.headers
    if (!accept.includes('json') || accept.includes('text/html'))
      return {
        status: error.statusCode,
        body: problemPage(error, links),
        headers: retryAfter(error),
      }
    const problem = toProblemDetails(error)
    return { status: problem.status, body: JSON.stringify(problem), headers: problemHeaders(error) }
  }

  /** What pages link to. @param returnTo The way back, as a browser remembers it. Default: that of the options. */
  #links({ mount }: Visit, returnTo?: string): Links {
    return {
      connect: `${mount}/connect`,
      confirm: `${mount}/confirm`,
      disconnect: `${mount}/disconnect`,
      app: ownPlace(returnTo) ?? this.#home(),
    }
  }

  /** Where users go whose link does not say where. */
  #home(): string {
    return ownPlace(this.#options.returnTo) ?? '/'
  }
}

/** The visitor may not do this, whoever asks for it. */
class Forbidden extends Error {
  override readonly name = 'Forbidden'
}

function refused(detail: string): ZohoAuthError {
  return new ZohoAuthError('ERR_ZOHO_STATE', { action: `Start the connection again: ${detail}.` })
}

const retryAfter = ({ headers }: ZohoAuthError): Readonly<Record<string, string>> => headers ?? {}

const newTicket = (): string => process.getBuiltinModule('node:crypto').randomBytes(24).toString('base64url')

function digestOf(state: string): string {
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(state).digest('base64url')
}

function send(res: ServerResponse, { status, body = '', location, headers, cookies }: Answer): void {
  for (const [name, value] of Object.entries({ ...PAGE_HEADERS, ...headers, ...HEADERS }))
    res.setHeader(name, value)
  if (location !== undefined) res.setHeader('Location', location)
  // What the app set itself goes along.
  if (cookies !== undefined) res.appendHeader('Set-Cookie', [...cookies])
  res.statusCode = status
  res.setHeader('Content-Length', Buffer.byteLength(body))
  res.end(body)
}
