import type { Answer } from '../answer.js'
import { HTML_TYPE } from '../answer.js'
import { CLOCK_SCRIPT } from './browser/clock.js'
import { DOM_SCRIPT } from './browser/dom.js'
import { FAULTS_SCRIPT } from './browser/faults.js'
import { MAIN_SCRIPT } from './browser/main.js'
import { QUOTAS_SCRIPT } from './browser/quotas.js'
import { REQUESTS_SCRIPT } from './browser/requests.js'
import { TOKENS_SCRIPT } from './browser/tokens.js'
import { DOCUMENT } from './document.js'
import { STYLES } from './styles.js'

/** Where the web page lives, on every listener. */
export const PAGE_PATH = '/__emulator/'

const SCRIPT_TYPE = 'text/javascript;charset=UTF-8'
const STYLE_TYPE = 'text/css;charset=UTF-8'

/** Its files by path. Scripts are ES modules that import each other by these names. */
const FILES: ReadonlyMap<string, readonly [contentType: string, text: string]> = new Map([
  ['', [HTML_TYPE, DOCUMENT] as const],
  ['page.css', [STYLE_TYPE, STYLES] as const],
  ['main.js', [SCRIPT_TYPE, MAIN_SCRIPT] as const],
  ['dom.js', [SCRIPT_TYPE, DOM_SCRIPT] as const],
  ['clock.js', [SCRIPT_TYPE, CLOCK_SCRIPT] as const],
  ['tokens.js', [SCRIPT_TYPE, TOKENS_SCRIPT] as const],
  ['quotas.js', [SCRIPT_TYPE, QUOTAS_SCRIPT] as const],
  ['faults.js', [SCRIPT_TYPE, FAULTS_SCRIPT] as const],
  ['requests.js', [SCRIPT_TYPE, REQUESTS_SCRIPT] as const],
])

/** The page loads and asks its own origin alone, runs no script from markup, and nobody frames it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** One of the files of the page; undefined for any other path. */
export function pageFile(path: string): Answer | undefined {
  const file = path.startsWith(PAGE_PATH) ? FILES.get(path.slice(PAGE_PATH.length)) : undefined
  if (file === undefined) return undefined
  const [contentType, body] = file
  return { status: 200, body, contentType, headers: HEADERS, outcome: 'page' }
}
