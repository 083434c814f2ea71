import type { Cluster } from 'node:cluster'
import type { Logger } from '../words/logger.js'

/** What engines of one process tell each other, across copies of this package. */
interface Shared {
  fleetWarned: boolean
  /** How many engines use a grant, by its digest. */
  readonly grants: Map<string, number>
}

const SHARED: unique symbol = Symbol.for('zoho-auth.warnings') as never

function shared(): Shared {
  const holder = globalThis as { [SHARED]?: Shared }
  holder[SHARED] ??= { fleetWarned: false, grants: new Map() }
  return holder[SHARED]
}

/** Loaded only if it can be true: a worker has a channel to its primary. */
function isClusterWorker(): boolean {
  if (process.send === undefined) return false
  return (process.getBuiltinModule('node:cluster') as unknown as Cluster).isWorker
}

/** Variables by which a process can tell that it is one of several, and what runs it. */
const FLEETS: readonly (readonly [variable: string, name: string])[] = [
  ['pm_id', 'PM2'],
  ['NODE_APP_INSTANCE', 'PM2'],
  ['KUBERNETES_SERVICE_HOST', 'Kubernetes'],
  ['VERCEL', 'Vercel'],
  ['NETLIFY', 'Netlify'],
  ['AWS_LAMBDA_FUNCTION_NAME', 'AWS Lambda'],
  ['ECS_CONTAINER_METADATA_URI_V4', 'Amazon ECS'],
  ['FUNCTION_TARGET', 'Google Cloud Functions'],
  ['K_SERVICE', 'Google Cloud Run'],
  ['FUNCTIONS_WORKER_RUNTIME', 'Azure Functions'],
  ['DYNO', 'Heroku'],
  ['CF_PAGES', 'Cloudflare Pages'],
]

/** Says once per process that tokens in memory are made by every process for itself, if there obviously are several. */
export function warnOfFleet(logger: Logger, env: NodeJS.ProcessEnv = process.env): void {
  const sign = isClusterWorker()
    ? 'a cluster worker'
    : FLEETS.find(([variable]) => env[variable] !== undefined)?.[1]
  if (sign === undefined || shared().fleetWarned) return
  shared().fleetWarned = true
  logger.warn(
    `tokens are kept in memory, and this process runs under ${sign}: each process makes tokens of its own, and beyond ` +
      '10 processes per refresh token they push out each other’s. Share them: ZOHO_AUTH_STORE, or a store passed as { tokens }',
  )
}

/**
 * Says once that two engines of this process use one grant, each with a memory of its own.
 *
 * @returns What undoes the registration.
 */
export function warnOfTwins(grant: string, logger: Logger): () => void {
  const { grants } = shared()
  const digest = process
    .getBuiltinModule('node:crypto')
    .createHash('sha256')
    .update(grant)
    .digest('base64url')
  const count = (grants.get(digest) ?? 0) + 1
  grants.set(digest, count)
  if (count === 2)
    logger.warn(
      'two ZohoAuth engines use one refresh token, each with tokens of its own: share one engine, or give both one token store',
    )
  let done = false
  return () => {
    if (done) return
    done = true
    const left = (grants.get(digest) ?? 1) - 1
    if (left === 0) grants.delete(digest)
    else grants.set(digest, left)
  }
}
