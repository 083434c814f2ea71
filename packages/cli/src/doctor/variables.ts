import { isZohoAuthError } from '@zoho-auth/core'
import type { StoreLocation } from '../location.js'
import { appHas, packageOf } from '../store-package.js'
import { variable } from '../variables.js'
import { type Finding, fault, ok, skipped } from './finding.js'

const CHECK = 'variables'
const KEYS = 'key ring'

/** What core says against the variables: one finding for each fault. */
export function variableFaults(thrown: unknown): Finding[] {
  if (!isZohoAuthError(thrown) || thrown.code !== 'ERR_ZOHO_CONFIG') throw thrown
  const { code, message, action, faults = [] } = thrown
  if (faults.length === 0) return [fault(CHECK, message, action, code)]
  return faults.map((text) => fault(/ZOHO_AUTH_KEYS/.test(text) ? KEYS : CHECK, text, fixOf(text), code))
}

/** Nothing was said against them. */
export function variablesAreFine(): Finding {
  return ok(CHECK, 'client id and client secret are set, and nothing contradicts itself')
}

/** How many keys there are, if none is wrong. */
export function checkKeys(): Finding {
  const ids = (variable('ZOHO_AUTH_KEYS') ?? '')
    .split(',')
    .filter((text) => text.trim() !== '')
    .map((text) => text.trim().split(':', 1)[0] ?? '')
  if (ids.length === 0) return skipped(KEYS, 'no keys are set; a store that outlives the process wants some')
  const others = ids.length === 1 ? '' : `, ${ids.slice(1).join(' ')} only open`
  return ok(KEYS, `${ids[0]} seals${others}`)
}

/** Whether the app itself has the package of its store: this program brings one that an app does not see. */
export function checkPackage(location: StoreLocation): Finding {
  const check = 'store package'
  if (location.url === undefined) return skipped(check, 'tokens are kept in memory')
  const { name, install } = packageOf(location.url)
  switch (appHas(name)) {
    case 'yes':
      return ok(check, `${name} is installed`)
    case 'no':
      return fault(check, `${name} is not installed in the app of this folder`, install, 'ERR_ZOHO_CONFIG')
    default:
      return skipped(check, `there is no package.json here, so nobody can say whether the app has ${name}`)
  }
}

const FIXES: readonly (readonly [RegExp, string])[] = [
  [/are both set/, 'Unset one of the two.'],
  [/^clientId is missing/, 'Set ZOHO_CLIENT_ID to the client id from Zoho’s API console.'],
  [/^clientSecret is missing/, 'Set ZOHO_CLIENT_SECRET to the client secret from Zoho’s API console.'],
  [/^refreshToken is missing/, 'Connect a Zoho user: zoho-auth login'],
  [
    /must be "id:base64" of 32 bytes/,
    "Make a key with node -p \"'k1:' + crypto.randomBytes(32).toString('base64')\"; commas stand between several.",
  ],
  [/wants encryptionKeys/, 'Set ZOHO_AUTH_KEYS; zoho-auth login makes a key where there is none.'],
  [/ZOHO_DATA_CENTER/, 'Set ZOHO_DATA_CENTER to one of those, or unset it.'],
  [/_FILE: the file/, 'Correct the path, the rights or the content of that file.'],
]

function fixOf(text: string): string {
  return FIXES.find(([pattern]) => pattern.test(text))?.[1] ?? 'Correct the variable that is named.'
}
