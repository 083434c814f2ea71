import type { RequestListener } from 'node:http'
import { accountsEndpoint } from './accounts/endpoints.js'
import { html } from './answer.js'
import { isControl, visitControl } from './control/control.js'
import type { DataCenter } from './data-centers.js'
import type { Emulator } from './emulator.js'
import { visitApi } from './products/api.js'
import { productOf } from './products/routing.js'
import { BodyTooLong } from './request-body.js'
import { Visit } from './visit.js'
import type { World } from './world.js'

/**
 * Serves one data centre: accounts server, product APIs and control API on one origin.
 *
 * @param emulator Gives what the control API acts on, which exists only after the listeners.
 */
export function listenerFor(world: World, dataCenter: DataCenter, emulator: () => Emulator): RequestListener {
  const route = (visit: Visit): Promise<void> | void => {
    const endpoint = accountsEndpoint(visit.path)
    if (endpoint !== undefined) return endpoint(visit)
    // before the products: whatever host a request names, the control API stays where it is
    if (isControl(visit)) return visitControl(visit, emulator())
    const product = productOf(visit.path, visit.request.headers)
    if (product !== undefined) return visitApi(visit, product)
    visit.finish(html(404, 'Not Found', 'not-found'))
  }
  const serve = async (visit: Visit): Promise<void> => {
    try {
      await route(visit)
    } catch (error) {
      fail(visit, error)
    }
  }
  return (request, response) => {
    void serve(new Visit(world, dataCenter, request, response))
  }
}

function fail(visit: Visit, error: unknown): void {
  if (error instanceof BodyTooLong) {
    visit.response.setHeader('connection', 'close')
    visit.finish(html(413, 'Request Entity Too Large', 'body-too-long'))
  } else if (visit.request.destroyed && !visit.request.complete) visit.record(0, 'client-gone')
  else {
    process.emitWarning(error instanceof Error ? error : String(error))
    visit.finish(html(500, 'Internal Server Error', 'emulator-error'))
  }
}
