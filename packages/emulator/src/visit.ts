import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Answer, send } from './answer.js'
import type { DataCenter } from './data-centers.js'
import type { Fault } from './faults.js'
import type { Product } from './products/product.js'
import { formParameters, hasBody, readBody } from './request-body.js'
import type { RequestKind } from './request-log.js'
import { masked, maskedAuthorization, maskedQuery, maskedText } from './secrets.js'
import type { World } from './world.js'

/** One request on its way through the emulator. */
export class Visit {
  readonly world: World
  readonly dataCenter: DataCenter
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly at: number
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly rawQuery: string
  /** What the log should know; filled in as it becomes clear. */
  kind: RequestKind = 'other'
  product: Product | undefined
  refreshToken: string | undefined
  bodyLength = 0
  /** Whether the log leaves this one out. */
  silent = false

  constructor(world: World, dataCenter: DataCenter, request: IncomingMessage, response: ServerResponse) {
    this.world = world
    this.dataCenter = dataCenter
    this.request = request
    this.response = response
    this.at = world.clock.now()
    this.method = request.method ?? 'GET'
    const target = request.url ?? '/'
    const mark = target.indexOf('?')
    this.path = mark < 0 ? target : target.slice(0, mark)
    this.rawQuery = mark < 0 ? '' : target.slice(mark + 1)
    this.query = new URLSearchParams(this.rawQuery)
  }

  get authorization(): string | undefined {
    return this.request.headers.authorization
  }

  /** Query and form body together. Zoho takes its parameters from either; the query wins. */
  async parameters(): Promise<URLSearchParams> {
    const parameters = new URLSearchParams(this.rawQuery)
    for (const [name, value] of await this.form()) parameters.append(name, value)
    return parameters
  }

  /** The form body alone. */
  async form(): Promise<URLSearchParams> {
    if (!hasBody(this.request)) return new URLSearchParams()
    const body = await readBody(this.request)
    this.bodyLength = body.length
    return formParameters(body, this.request.headers['content-type'])
  }

  /** Logs the answer, then sends it: whoever has the answer finds it in the log. */
  finish(answer: Answer): void {
    this.record(this.response.destroyed ? 0 : answer.status, answer.outcome)
    send(this.response, answer)
  }

  /** Resets the connection, so that the client sees no answer. */
  reset(outcome: string): void {
    this.record(0, outcome)
    this.request.socket.resetAndDestroy()
  }

  record(status: number, outcome: string): void {
    if (this.silent) return
    const { authorization } = this
    this.world.log.add({
      at: this.at,
      kind: this.kind,
      dataCenter: this.dataCenter,
      method: this.method,
      path: maskedText(this.path),
      query: this.rawQuery === '' ? '' : maskedQuery(this.query),
      status,
      outcome,
      bodyLength: this.bodyLength,
      ...(authorization === undefined ? {} : { authorization: maskedAuthorization(authorization) }),
      ...(this.refreshToken === undefined ? {} : { refreshToken: masked(this.refreshToken) }),
      ...(this.product === undefined ? {} : { product: this.product }),
    })
  }
}

/** The name of a fault in the request log. */
export function faultOutcome(fault: Fault): string {
  return `fault:${fault.kind}`
}
