import { type Connection, type Token, ZohoAuthError } from '@zoho-auth/core'
import { until } from '../../support/within.mjs'
import { type Call, call, HANG_MS, mustCall } from './calls.js'
import { newId, PATIENT, type Scene } from './scene.js'

/** Before its expiry a token is stale, and can be handed out (two minutes), in milliseconds. */
const STALE_MS = 120_000

/** Callers at once. */
const MANY = 25

const REDIRECT_URI = 'http://127.0.0.1/callback'
const SCOPES = ['ZohoRecruit.modules.ALL']

export function getToken(scene: Scene, what = 'getToken', rejectedToken?: string): Promise<Call> {
  return call(
    what,
    () => scene.zoho.getToken({ connection: scene.id, rejectedToken }),
    (token) => (token.value === rejectedToken ? 'the rejected token' : scene.tokenFault(token)),
  )
}

export function many(scene: Scene): Promise<Call[]> {
  return Promise.all(Array.from({ length: MANY }, (_, index) => getToken(scene, `caller ${index + 1}`)))
}

/** There is a fresh token in memory. Another process made it, that has more time. */
export async function fresh(scene: Scene): Promise<Token> {
  await madeElsewhere(scene)
  return scene.zoho.getToken({ connection: scene.id })
}

/** There is a fresh token in the store alone. */
export function madeElsewhere(scene: Scene): Promise<Token> {
  return scene.engine(PATIENT).getToken({ connection: scene.id })
}

export async function stale(scene: Scene): Promise<void> {
  const { expiresAt, value } = await fresh(scene)
  scene.token = value
  scene.clock.jump(expiresAt - scene.clock.now() - STALE_MS)
}

/** A token that is newer than the stale one. */
export function newerToken(scene: Scene): Promise<Call> {
  return call(
    'the next getToken',
    () => scene.zoho.getToken({ connection: scene.id }),
    (token) => (token.value === scene.token ? 'still the stale token' : scene.tokenFault(token)),
  )
}

/** A usable token is handed out whatever is broken. */
export function mustGetToken(scene: Scene): Promise<Call> {
  return mustCall(
    'getToken with a usable token',
    () => scene.zoho.getToken({ connection: scene.id }),
    (token) => scene.tokenFault(token),
  )
}

export async function expired(scene: Scene): Promise<void> {
  const { expiresAt } = await fresh(scene)
  scene.clock.jump(expiresAt - scene.clock.now() + 1)
}

/** The token of {@link fresh}, that an API has just rejected. */
export function tokenAtHand(scene: Scene): string {
  return scene.zoho.peekToken({ connection: scene.id })?.value ?? 'none'
}

export function warm(scene: Scene): Promise<Call> {
  return call('warm', async () => {
    const { failed } = await scene.zoho.warm([scene.id])
    const [first] = failed
    if (first === undefined) return
    if (first.code === 'unknown') throw new Error('warm: unknown')
    throw new ZohoAuthError(first.code)
  })
}

/** A code of a self client, for the connection there is. */
export function exchange(scene: Scene): Promise<Call> {
  const { emulator } = scene.setting
  const code = emulator.createCode({ user: another(scene) })
  return call(
    'consent.exchange',
    () => scene.zoho.consent.exchange(code, { connection: scene.id }),
    (made) => grantFault(scene, made),
  )
}

/** A consent that has come to its callback, which is still to be served. */
export async function consented(scene: Scene): Promise<() => Promise<Call>> {
  const { emulator } = scene.setting
  const request = { connection: newId(scene.id), scopes: SCOPES, redirectUri: REDIRECT_URI }
  const { url, state } = await scene.zoho.consent.start(request)
  const codeChallenge = new URL(url).searchParams.get('code_challenge') ?? ''
  const code = emulator.createCode({
    user: another(scene),
    redirectUri: REDIRECT_URI,
    codeChallenge,
    codeChallengeMethod: 'S256',
  })
  const query = new URLSearchParams({ code, state, location: 'us' })
  const callback = `${REDIRECT_URI}?${query.toString()}`
  return () =>
    call(
      'consent.finish',
      () => scene.zoho.consent.finish(callback, state),
      (made) => grantFault(scene, made),
    )
}

/** Both halves. */
export async function consent(scene: Scene): Promise<Call> {
  let finish: (() => Promise<Call>) | undefined
  const start = await call('consent.start', async () => {
    finish = await consented(scene)
  })
  return finish === undefined ? start : finish()
}

let users = 0

/** A Zoho user of its own: one gets five grants a minute. */
function another(scene: Scene): string {
  users += 1
  return `${scene.id}-${users}`
}

async function grantFault(scene: Scene, made: Connection): Promise<string | undefined> {
  if (!scene.isAlive(made.refreshToken)) return 'a connection whose grant does not live at Zoho'
  const stored = await scene.stored(made.id)
  return stored?.refreshToken === made.refreshToken ? undefined : 'a connection that is not stored'
}

/** What is wrong with a connection that nobody took back: it is active, and its grant lives. */
export async function activeFault(scene: Scene, id: string = scene.id): Promise<string | undefined> {
  const stored = await scene.stored(id)
  if (stored === undefined) return id === scene.id ? 'the connection is lost' : undefined
  if (stored.state !== 'active') return `the connection is marked ${stored.state}`
  return scene.isAlive(stored.refreshToken) ? undefined : 'the grant of the connection does not live any more'
}

export function revoke(scene: Scene): Promise<Call> {
  return call(
    'revoke',
    () => scene.zoho.revoke({ connection: scene.id }),
    () => revokedFault(scene),
  )
}

/** What is wrong with a connection as a revocation left it, half-way or at its end. */
export async function revokedFault(scene: Scene): Promise<string | undefined> {
  const { state = 'lost' } = (await scene.stored()) ?? {}
  if (state !== 'revoked') return state === 'lost' ? 'the connection is lost' : undefined
  const isGone = scene.setting.row.lies === true || !scene.isAlive(scene.refreshToken)
  return isGone ? undefined : 'marked revoked, and the grant lives'
}

/** Waits until the library said that a refresh has ended, well or not. */
export async function refreshEnded(scene: Scene): Promise<void> {
  const ended = async () => scene.heard.some((name) => name.startsWith('token.refresh'))
  await until(2 * HANG_MS, 'the end of a refresh', ended)
}
