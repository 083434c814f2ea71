import { type Accounts, CLIENT_SECRET, type Grant, HOSTS, type Minted } from './accounts.js'
import type { Judge } from './judge.js'
import type { Random } from './random.js'
import type { Life } from './virtual-process.js'
import type { Fault, Weather } from './weather.js'
import type { World } from './world.js'

/** One way of a healthy network, in milliseconds. */
const LATENCY = { low: 5, high: 250 }
/** How long a slow accounts server thinks, in milliseconds. */
const SLOW = { low: 1_000, high: 12_000 }

export interface NetworkParts {
  readonly world: World
  readonly random: Random
  readonly accounts: Accounts
  readonly weather: Weather
  readonly judge: Judge
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/** `fetch` of one process: the way to Zoho's accounts servers and back. */
export function networkOf(life: Life, parts: NetworkParts): typeof globalThis.fetch {
  return (input, init) => send(life, parts, input as string, init ?? {})
}

function send(life: Life, parts: NetworkParts, url: string, init: RequestInit): Promise<Response> {
  const { world, random, weather, judge } = parts
  const { signal } = init
  const form = new URLSearchParams((init.body as URLSearchParams).toString())
  const grant = parts.accounts.grants.get(form.get('refresh_token') ?? form.get('token') ?? '')
  const revocation = url.endsWith('/revoke')
  const alone = judge.requestSent(life, url, form, grant, revocation)
  if (grant === undefined || form.get('client_secret') !== CLIENT_SECRET)
    return Promise.reject(new TypeError('an unplanned request'))
  const fault = weather.draw('accounts', life.host.index)
  if (fault) world.note(life.host.name, 'network', fault)
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    let settled = false
    const settle = (ms: number, run: () => void) =>
      life.deliver(ms, () => {
        if (settled) return
        settled = true
        judge.requestEnded(life, grant)
        signal?.removeEventListener('abort', onAbort)
        run()
      })
    const onAbort = () => {
      if (settled) return
      settled = true
      judge.requestEnded(life, grant)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    const fail = (ms: number, code: string) =>
      settle(ms, () => reject(Object.assign(new TypeError('fetch failed'), { cause: networkError(code) })))

    const there = random.between(LATENCY.low, LATENCY.high)
    const back = random.between(LATENCY.low, LATENCY.high)
    if (fault === 'unreachable') return void fail(there, 'ECONNREFUSED')
    if (fault === 'reset') return void fail(there, 'ECONNRESET')
    if (fault === 'hang' && random.chance(0.5)) return
    const thinking = fault === 'slow' ? random.between(SLOW.low, SLOW.high) : 0
    world.after(there + thinking, () => {
      const answer = revocation ? revoke(grant, parts) : token(grant, parts, fault, alone)
      world.note(
        'zoho',
        revocation ? 'revoke' : 'token',
        `${grant.connection} ${answer.status} ${answer.what}`,
      )
      if (fault === 'hang') return
      if (fault === 'lost-answer') return void fail(back, 'ECONNRESET')
      settle(back, () => {
        if (answer.what === 'denied' && fault !== 'stall') judge.deniedAnswer(life, grant)
        resolve(response(answer, fault === 'stall' && !revocation, signal ?? undefined))
      })
    })
  })
}

function networkError(code: string): Error {
  return Object.assign(new Error(`network ${code}`), { code })
}

type Judged = Answer & { readonly what: string }

function revoke(grant: Grant, { accounts, judge }: NetworkParts): Judged {
  judge.revocationArrived(grant)
  const dead = !grant.alive
  accounts.kill(grant)
  grant.revokedByFleet = true
  return dead
    ? { status: 400, body: '<html>400</html>', what: 'dead already' }
    : { status: 200, body: '{"status":"success"}', what: 'revoked' }
}

function token(
  grant: Grant,
  parts: NetworkParts,
  fault: Fault<'accounts'> | undefined,
  alone: boolean,
): Judged {
  const { world, random, accounts, judge } = parts
  switch (fault) {
    case 'server-error':
      return { status: 503, body: 'busy', what: fault }
    case 'html':
      return { status: random.pick([200, 502]), body: '<html>maintenance</html>', what: fault }
    case 'too-many':
      return { status: 429, body: '', headers: { 'retry-after': String(random.integer(1, 90)) }, what: fault }
    case 'general-error':
      return { status: 200, body: '{"error":"general_error"}', what: fault }
    case 'client-fault':
      return { status: 200, body: '{"error":"invalid_client"}', what: fault }
    case 'lie':
      // At most one per stored token: a second one is for the library the same as a dead grant.
      if (!grant.alive || grant.lied) break
      grant.lied = true
      grant.lastLieAt = world.now
      grant.deadAnswers += 1
      return { status: 200, body: '{"error":"invalid_code"}', what: fault }
  }
  judge.tokenRequestArrived(grant, alone)
  const minted = accounts.mint(grant, true)
  if (minted === 'dead') return { status: 200, body: '{"error":"invalid_code"}', what: 'dead' }
  if (minted === 'denied') {
    const [status, body] = random.pick(DENIALS)
    return { status, body, what: 'denied' }
  }
  judge.minted(grant)
  const body = mintedBody(minted, random, fault === 'malformed')
  return {
    status: 200,
    body: fault === 'truncated' ? body.slice(0, 40) : body,
    what: fault === 'lie' ? 'minted' : (fault ?? 'minted'),
  }
}

/** Zoho's throttle in some of its spellings. */
const DENIALS: readonly (readonly [status: number, body: string])[] = [
  [400, '{"error":"Access Denied","error_description":"You have made too many requests continuously."}'],
  [200, '{"error":"access_denied"}'],
  [401, '{"error":"Access Denied","status":"failure"}'],
]

function mintedBody({ value, grant, lifeMs }: Minted, random: Random, malformed: boolean): string {
  const host = HOSTS[grant.dataCenter]?.api
  const seconds = lifeMs / 1000
  const life = random.pick([
    { expires_in: seconds },
    { expires_in: lifeMs, expires_in_sec: seconds },
    { expires_in: String(seconds) },
  ])
  const wrong = malformed
    ? random.pick<object>([{ api_domain: 'https://api.example.com' }, { expires_in: -1, expires_in_sec: -1 }])
    : {}
  return JSON.stringify({ access_token: value, api_domain: host, token_type: 'Bearer', ...life, ...wrong })
}

/** As much of a `Response` as core reads of one; `stalls`: the body never comes to its end. */
function response(answer: Answer, stalls: boolean, signal: AbortSignal | undefined): Response {
  let read = false
  const reader = {
    read(): Promise<{ done: boolean; value?: Uint8Array }> {
      if (stalls)
        return new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
        })
      if (read || answer.body === '') return Promise.resolve({ done: true })
      read = true
      return Promise.resolve({ done: false, value: Buffer.from(answer.body) })
    },
    cancel: () => Promise.resolve(),
  }
  const headers = { get: (name: string) => answer.headers?.[name] ?? null }
  return { status: answer.status, headers, body: { getReader: () => reader } } as unknown as Response
}

/** Another program with the same grant: makes tokens, and thereby deletes ours and uses up the window. */
export function foreignProgram(
  grant: () => Grant,
  times: number,
  { accounts, weather, world }: NetworkParts,
): void {
  for (let time = 0; time < times; time++) {
    weather.count('foreign token')
    const minted = accounts.mint(grant(), false)
    world.note('other', 'token', `${grant().connection} ${typeof minted === 'string' ? minted : 'minted'}`)
  }
}
