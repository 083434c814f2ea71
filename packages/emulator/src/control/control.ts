import { type Answer, json } from '../answer.js'
import type { Emulator } from '../emulator.js'
import { readBody } from '../request-body.js'
import type { Visit } from '../visit.js'
import { COMMANDS } from './commands.js'
import { Fields } from './fields.js'

const PREFIX = '/__emulator'

export function isControlPath(path: string): boolean {
  return path === PREFIX || path.startsWith(`${PREFIX}/`)
}

/** A host name that can only be this machine. */
const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i

/**
 * Serves the control API, to this machine only.
 *
 * A web page elsewhere could send requests here through a visitor's browser. It is told by its `Origin`, or, once it
 * has pointed its own name at 127.0.0.1, by the `Host` header.
 */
export async function visitControl(visit: Visit, emulator: Emulator): Promise<void> {
  visit.kind = 'control'
  // reading changes nothing, and a page that polls would push everything else out of the log
  visit.silent = visit.method === 'GET'
  const { host = '', origin } = visit.request.headers
  if (
    !LOOPBACK_HOST.test(host) ||
    (origin !== undefined && !LOOPBACK_HOST.test(origin.replace(/^https?:\/\//, '')))
  )
    return visit.finish(problem(403, 'the control API serves loopback hosts only'))
  const body = await readBody(visit.request)
  visit.bodyLength = body.length
  visit.finish(answer(visit, emulator, body.toString('utf8')))
}

function answer({ method, path, query }: Visit, emulator: Emulator, body: string): Answer {
  const name = path.slice(PREFIX.length) || '/'
  const command = COMMANDS.get(`${method} ${name}`)
  if (command === undefined) {
    const methods = [...COMMANDS.keys()]
      .filter((key) => key.endsWith(` ${name}`))
      .map((key) => key.split(' ')[0])
    if (methods.length === 0)
      return problem(404, `unknown path; known are ${[...COMMANDS.keys()].join(', ')}`)
    return { ...problem(405, `use ${methods.join(' or ')}`), headers: { allow: methods.join(', ') } }
  }
  try {
    return json(200, command(emulator, new Fields(body), query), 'ok')
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return problem(error instanceof TypeError ? 400 : 409, message)
  }
}

function problem(status: number, message: string): Answer {
  return json(status, { error: message }, 'refused')
}
