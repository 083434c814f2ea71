import type { Worker } from './fleet.js'
import type { Outcome } from './messages.js'
import type { Stage } from './stage.js'

/** Longer than Zoho's page takes, in milliseconds. */
const PAGE_MS = 30_000

/** Who consents, for which connection of which engine. */
export interface Consent {
  readonly engine: string
  readonly connection: string
  readonly user: string
}

/** The user has accepted, and their browser is on its way back. */
interface Callback {
  readonly callback: string
  readonly state: string
}

/** The first half: a process starts, and the user accepts at Zoho. A refusal to start is the answer. */
async function accept(stage: Stage, starter: Worker, consent: Consent): Promise<Callback | Outcome> {
  const { engine, connection, user } = consent
  const { url, state, ...refusal } = await starter.ask({ do: 'start-consent', engine, connection })
  if (url === undefined || state === undefined) return refusal
  const callback = await browse(url, user)
  stage.hide(state)
  stage.hide(new URL(callback).searchParams.get('code') ?? state)
  return { callback, state }
}

/** The second half, at any process. */
export function finish(worker: Worker, { engine }: Consent, { callback, state }: Callback): Promise<Outcome> {
  return worker.ask({ do: 'finish-consent', engine, callback, state })
}

/** The first half if nothing can stand in its way. @throws Error with the code if something did. */
export async function accepted(stage: Stage, starter: Worker, consent: Consent): Promise<Callback> {
  const outcome = await accept(stage, starter, consent)
  if ('callback' in outcome) return outcome
  throw new Error(`the consent for ${consent.connection} did not start: ${outcome.code}`)
}

/** Both halves. */
export async function connect(
  stage: Stage,
  starter: Worker,
  finisher: Worker,
  consent: Consent,
): Promise<Outcome> {
  const outcome = await accept(stage, starter, consent)
  return 'callback' in outcome ? finish(finisher, consent, outcome) : outcome
}

/** What a browser does: opens Zoho's page as somebody who accepts, and is sent back. */
export async function browse(url: string, user: string): Promise<string> {
  const page = new URL(url)
  page.searchParams.set('user', user)
  page.searchParams.set('auto', 'accept')
  const answer = await fetch(page, { redirect: 'manual', signal: AbortSignal.timeout(PAGE_MS) })
  const callback = answer.headers.get('location')
  if (callback === null) throw new Error(`Zoho's page sent nobody back: ${answer.status}`)
  return callback
}
