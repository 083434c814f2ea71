import {
  createZohoAuth,
  DATA_CENTERS,
  type DataCenter,
  isZohoAuthError,
  memoryTokenStore,
  PRODUCTS,
  productFacts,
  type Token,
  type ZohoAuth,
  type ZohoAuthError,
} from '@zoho-auth/core'
import { duration } from '../output/bar.js'
import { freshToken, type Session } from '../session.js'
import { variable } from '../variables.js'
import { type Finding, fault, ok, skipped, thrownFault } from './finding.js'

const LIVE = 'live check'
const HOME = 'data centre'
const SCOPES = 'scopes'

/** With fewer new tokens left in the window, none is spent on a check. */
const SPARE = 3

/** What is wanted of a connection. */
export interface Wanted {
  /** Whether Zoho is asked for a token. */
  readonly live: boolean
  /** Scopes that the app needs. */
  readonly scopes: readonly string[]
}

/** State, data centre, a new token, its scopes. */
export async function checkConnection(
  session: Session,
  id: string,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Finding[]> {
  const findings = await look(session, id, wanted, signal)
  return findings.map((finding) => ({ ...finding, connection: id }))
}

async function look(
  session: Session,
  id: string,
  { live, scopes }: Wanted,
  signal: AbortSignal,
): Promise<Finding[]> {
  const { state, dataCenter, budgetLeft, cooldown } = await session.zoho.status(id)
  if (state === 'consent-required')
    return [fault(LIVE, deadGrant(dataCenter), reconnect(id), 'ERR_ZOHO_CONSENT_REQUIRED')]
  if (state !== 'active')
    return [fault(LIVE, `the connection is ${state}`, reconnect(id), 'ERR_ZOHO_REVOKED')]
  if (!live) return [skipped(LIVE, 'not asked for (--no-live)')]
  if (cooldown?.reason === 'throttled' || cooldown?.reason === 'budget')
    return [throttled(cooldown.reason, cooldown.untilAt - Date.now())]
  if (budgetLeft < SPARE) return [skipped(LIVE, `only ${budgetLeft} new tokens are left in this window`)]
  const words = refusalWords(session)
  try {
    const { token, durationMs, ignoredApiDomain } = await freshToken(session.zoho, id, signal)
    const took = durationMs === undefined ? '' : ` in ${Math.round(durationMs)} ms`
    const made = ok(LIVE, `Zoho made a token${took}, good for ${duration(token.expiresAt - Date.now())}`)
    const unused =
      ignoredApiDomain === undefined
        ? ''
        : `; its api_domain ${ignoredApiDomain} is not on the list of hosts, and is not used`
    const home = ok(HOME, `${token.dataCenter}, as Zoho says too${unused}`)
    return [home, made, scopesOf(token, scopes), await productsOf(session.zoho, id, token)]
  } catch (error) {
    if (!isZohoAuthError(error)) throw error
    return await refused(session, id, error, words.last(), dataCenter, signal)
  } finally {
    words.off()
  }
}

/** What the accounts server said, in its own words. */
function refusalWords({ zoho }: Session): { last(): string | undefined; off(): void } {
  let words: string | undefined
  const off = zoho.on('token.refresh_failed', ({ detail }) => {
    words = detail
  })
  return { last: () => words, off }
}

async function refused(
  session: Session,
  id: string,
  error: ZohoAuthError,
  words: string | undefined,
  dataCenter: DataCenter,
  signal: AbortSignal,
): Promise<Finding[]> {
  switch (error.code) {
    case 'ERR_ZOHO_THROTTLED':
      return [throttled('throttled', error.retryAfterMs ?? 0)]
    case 'ERR_ZOHO_CLIENT':
    case 'ERR_ZOHO_CONSENT_REQUIRED': {
      const home = await homeOf(session, dataCenter, signal)
      if (home !== undefined)
        return [
          fault(
            HOME,
            `Zoho in ${dataCenter} answered ${words ?? error.code}, and in ${home} it gave a token: the account is in ${home}`,
            session.location.single
              ? `Set ZOHO_DATA_CENTER=${home}.`
              : `Connect it again: zoho-auth login --connection ${id} --data-center ${home}`,
            error.code,
          ),
        ]
      if (error.code === 'ERR_ZOHO_CONSENT_REQUIRED')
        return [fault(LIVE, deadGrant(dataCenter), reconnect(id), error.code)]
      return [
        fault(
          LIVE,
          words === 'invalid_client_secret'
            ? `Zoho in ${dataCenter} knows the client, and refuses its secret (invalid_client_secret)`
            : `Zoho in ${dataCenter} refuses the client (${words ?? error.code}): wrong data centre, client id or client secret`,
          clientFix(words, dataCenter),
          error.code,
        ),
      ]
    }
    default:
      return [thrownFault(LIVE, error)]
  }
}

function clientFix(words: string | undefined, dataCenter: DataCenter): string {
  const secret = `ZOHO_CLIENT_SECRET (or ZOHO_CLIENT_SECRET_${dataCenter.toUpperCase()}, where Zoho issued one for each data centre)`
  if (words === 'invalid_client_secret') return `Copy the client secret again into ${secret}.`
  return `Check ZOHO_DATA_CENTER first, then ZOHO_CLIENT_ID and ${secret}.`
}

/**
 * The data centre in which the grant of `ZOHO_REFRESH_TOKEN` is good, if it is not the one that was asked: each of the
 * others is asked once. With one accounts server of one's own for all of them there is nothing to ask. What is stored has
 * its data centre from the consent itself.
 */
async function homeOf(
  { location }: Session,
  asked: DataCenter,
  signal: AbortSignal,
): Promise<DataCenter | undefined> {
  if (!location.single || variable('ZOHO_ACCOUNTS_URL') !== undefined) return undefined
  for (const dataCenter of DATA_CENTERS.filter((name) => name !== asked)) {
    signal.throwIfAborted()
    if (await isHome(dataCenter, signal)) return dataCenter
  }
  return undefined
}

async function isHome(dataCenter: DataCenter, signal: AbortSignal): Promise<boolean> {
  let zoho: ZohoAuth | undefined
  try {
    zoho = createZohoAuth({ dataCenter, tokens: memoryTokenStore(), logger: { warn() {} } })
    await zoho.getToken({ signal })
    return true
  } catch (error) {
    // Also if an accounts server of one's own is given for some data centres, and not for this one.
    if (isZohoAuthError(error)) return false
    throw error
  } finally {
    await zoho?.close()
  }
}

function scopesOf({ scopes }: Token, wanted: readonly string[]): Finding {
  const missing = wanted.filter((scope) => !scopes.includes(scope))
  if (missing.length > 0)
    return fault(
      SCOPES,
      `the consent does not cover ${missing.join(', ')}`,
      'Ask for consent again with these scopes: a refresh token cannot gain any. zoho-auth login --scope …',
      'ERR_ZOHO_SCOPE',
    )
  return scopes.length === 0
    ? skipped(SCOPES, 'Zoho did not say')
    : ok(SCOPES, wanted.length > 0 ? `${wanted.join(', ')} is covered` : shortened(scopes))
}

/** Scopes that are named one by one; the others are counted. */
const MAX_SCOPES = 6

function shortened(scopes: readonly string[]): string {
  const others = scopes.length - MAX_SCOPES
  return scopes.slice(0, MAX_SCOPES).join(', ') + (others > 0 ? ` and ${others} more` : '')
}

/** Products that are named one by one; the others are counted. */
const MAX_PRODUCTS = 4

/** Where the products are that a token is good for, and how each wants to be told the organisation. */
async function productsOf(zoho: ZohoAuth, id: string, { scopes }: Token): Promise<Finding> {
  const services = new Set(scopes.map((scope) => scope.split('.', 1).join().toLowerCase()))
  const facts = PRODUCTS.map(productFacts).filter((product) =>
    product.scopes.some((service) => services.has(service.toLowerCase())),
  )
  if (facts.length === 0) return skipped('products', 'no scope says for which product the token is good')
  const named = await Promise.all(
    facts.slice(0, MAX_PRODUCTS).map(async ({ product, organization }) => {
      const where = await zoho.apiUrl(product, id).then(
        ({ origin }) => ` at ${origin}`,
        () => ', which has no known host in this data centre',
      )
      return `${product}${where}${organization ? ` (${organization.name} as ${organization.in})` : ''}`
    }),
  )
  const others = facts.length - named.length
  return ok('products', named.join(', ') + (others > 0 ? ` and ${others} more` : ''))
}

function throttled(reason: string, ms: number): Finding {
  const left = duration(ms)
  return reason === 'budget'
    ? fault(
        LIVE,
        `the budget of new tokens is spent; the next one in ${left}`,
        'Find out what makes so many: processes without a shared store (ZOHO_AUTH_STORE), or short scripts.',
        'ERR_ZOHO_THROTTLED',
      )
    : fault(
        LIVE,
        `throttled: Zoho says that too many tokens were asked for; nothing is sent for ${left}`,
        'Wait that long: asking again may prolong it. Find out what else uses this refresh token.',
        'ERR_ZOHO_THROTTLED',
      )
}

function deadGrant(dataCenter: DataCenter): string {
  return `Zoho in ${dataCenter} refuses the refresh token: the grant is dead (withdrawn, pushed out by the limit of 20 per user, or of another client)`
}

function reconnect(id: string): string {
  return `Ask the Zoho user for consent again: zoho-auth login --connection ${id}`
}
