import { type Answer, json, redirect } from '../answer.js'
import type { Emulator } from '../emulator.js'
import { PAGE_PATH, pageFile } from '../page/page.js'
import { readBody } from '../request-body.js'
import type { Visit } from '../visit.js'
import { COMMANDS } from './commands.js'
import { Fields } from './fields.js'

const PREFIX = '/__emulator'

/** The root too, if a browser asks for a page: it is shown the way. */
export function isControl({ method, path, request }: Visit): boolean {
  if (path === '/') return method === 'GET' && (request.headers.accept ?? '').includes('text/html')
  return path === PREFIX || path.startsWith(`${PREFIX}/`)
}

/** A host name that can only be this machine. */
const LOOPBACK_HOST = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i

/** What a command that changes something must come as: a web page elsewhere cannot send either unasked. */
const JSON_TYPE = /^application\/json\s*(?:;|$)/i
const MARK_HEADER = 'x-zoho-emulator'

/** An answer is read by nobody but who asked for it. */
const PRIVATE = {
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
} as const

/**
 * Serves the control API and the web page, to this machine only.
 *
 * A web page elsewhere could send requests here through a visitor's browser. It is told by its `Origin`, or, once it
 * has pointed its own name at 127.0.0.1, by the `Host` header. What changes something comes as JSON or with a header
 * of ours: before a browser sends either across origins, it asks, and gets no leave here.
 */
export async function visitControl(visit: Visit, emulator: Emulator): Promise<void> {
  visit.kind = 'control'
  // reading changes nothing, and a page that polls would push everything else out of the log
  visit.silent = visit.method === 'GET'
  const answer = stranger(visit) ?? (await answerTo(visit, emulator))
  visit.finish({ ...answer, headers: { ...PRIVATE, ...answer.headers } })
}

/** The answer to a request that may come from a web page elsewhere. */
function stranger({ method, request }: Visit): Answer | undefined {
  const { host = '', origin, 'content-type': type = '', [MARK_HEADER]: mark } = request.headers
  if (
    !LOOPBACK_HOST.test(host) ||
    (origin !== undefined && !LOOPBACK_HOST.test(origin.replace(/^https?:\/\//, '')))
  )
    return problem(403, 'the control API serves loopback hosts only')
  if (method !== 'GET' && mark === undefined && !JSON_TYPE.test(type))
    return problem(415, `send content-type: application/json, or the header ${MARK_HEADER}: 1`)
  return undefined
}

async function answerTo(visit: Visit, emulator: Emulator): Promise<Answer> {
  const { method, path } = visit
  if (method === 'GET' && (path === '/' || path === PREFIX)) return redirect(PAGE_PATH, 'page')
  const file = method === 'GET' ? pageFile(path) : undefined
  if (file !== undefined) return file
  const body = await readBody(visit.request)
  visit.bodyLength = body.length
  return answerCommand(visit, emulator, body.toString('utf8'))
}

function answerCommand({ method, path, query }: Visit, emulator: Emulator, body: string): Answer {
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
