import { text as readAll } from 'node:stream/consumers'
import {
  type Connection,
  createZohoAuth,
  DATA_CENTERS,
  type DataCenter,
  type Environment,
  memoryTokenStore,
  type ZohoAuth,
} from '@zoho-auth/core'
import { DEFAULT_CONNECTION, isDataCenter } from '@zoho-auth/core/adapter'
import { Command, Option } from 'commander'
import type { Context, Start } from '../context.js'
import { envLines, writeEnvFile } from '../env-file.js'
import type { ExitCode } from '../exit-code.js'
import { usage } from '../failure.js'
import { consentInBrowser } from '../login/browser-consent.js'
import { exchangeCode } from '../login/code-exchange.js'
import { CALLBACK_PORT, CONSENT_WAIT_MS } from '../login/loopback.js'
import type { LoginRequest } from '../login/request.js'
import { printedTarget, storedTarget, type Target } from '../login/target.js'
import { portOf, positive } from '../options.js'
import { variable } from '../variables.js'

interface LoginOptions {
  readonly connection: string
  readonly scope?: string
  readonly code?: string
  readonly dataCenter?: DataCenter
  readonly environment?: Environment
  readonly label?: string
  readonly port: number
  readonly wait: number
  readonly open: boolean
  readonly printEnv?: true
  readonly writeEnv?: true
}

export function loginCommand(start: Start): Command {
  return new Command('login')
    .description('Connects a Zoho user: in the browser, or with a code of a self client.')
    .option('-c, --connection <id>', 'id under which the connection is kept', DEFAULT_CONNECTION)
    .option('-s, --scope <scopes>', 'what is asked for in the browser, with commas between')
    .option('--code <code>', 'a code of the Self Client page; - reads it from standard input')
    .addOption(
      new Option(
        '-d, --data-center <name>',
        'where the client is registered (ZOHO_DATA_CENTER; --code finds it)',
      ).choices(DATA_CENTERS),
    )
    .addOption(
      new Option('--environment <name>', 'environment of Zoho CRM').choices([
        'production',
        'sandbox',
        'developer',
      ]),
    )
    .option('--label <text>', 'a name for people')
    .option('--port <number>', 'port of the callback on this machine', portOf, CALLBACK_PORT)
    .option('--wait <seconds>', 'how long to wait for the consent', positive, CONSENT_WAIT_MS / 1000)
    .option('--no-open', 'show the URL, and leave the browser alone')
    .option('--print-env', 'keep nothing: print the lines for .env, refresh token included')
    .option('--write-env', 'write what an app needs to find the store into .env, a new key included')
    .addHelpText('after', HELP)
    .action((options: LoginOptions) => start(login, options))
}

const HELP = `
The browser comes back to http://localhost:${CALLBACK_PORT}/callback: register it in Zoho’s API console, for a client of the type
"Server-based Applications". A self client has no redirect URI: use its code.

The connection is kept in the store of ZOHO_AUTH_STORE, by default in the folder ./.zoho-auth, sealed with ZOHO_AUTH_KEYS.
A new key is shown once.

Examples:
  $ zoho-auth login --scope ZohoRecruit.modules.ALL,AaaServer.profile.READ
  $ zoho-auth login --code - --print-env >> .env`

async function login(options: LoginOptions, context: Context): Promise<ExitCode> {
  if (options.printEnv && options.writeEnv)
    throw usage('--print-env keeps nothing, --write-env writes what finds a store', 'Give one of the two.')
  const target = options.printEnv ? printedTarget() : await storedTarget(context)
  try {
    const typed = await askForClient(context)
    const connect = await way(options, target, context)
    const needed = { ...typed, ...target.env }
    // Tokens stay in memory, so that a login that is broken off leaves nothing behind.
    const logger = { warn: (text: string) => context.screen.note(text) }
    const zoho = createZohoAuth({ ...target.options, tokens: memoryTokenStore(), logger })
    let undo: (() => Promise<void>) | undefined
    try {
      // A key goes to its place before anything is sealed with it.
      if (options.writeEnv) undo = await writeEnvFile(needed)
      const connection = await connect(zoho)
      report(connection, target, needed, typed, options, context)
      return 0
    } catch (error) {
      await undo?.()
      throw error
    } finally {
      await zoho.close()
    }
  } finally {
    await target.close()
  }
}

/** With a code, or in the browser; whatever is missing for it is asked for, or is wrong use. */
async function way(
  options: LoginOptions,
  target: Target,
  context: Context,
): Promise<(zoho: ZohoAuth) => Promise<Connection>> {
  const request = requestOf(options)
  if (options.code !== undefined) {
    const code = await codeOf(options.code)
    return async (zoho) => {
      await target.tried()
      return exchangeCode(zoho, context, code, request)
    }
  }
  const { port, open } = options
  const scopes = await scopesOf(options, context)
  const browser = { scopes, port, open, waitMs: options.wait * 1000, before: () => target.tried() }
  return (zoho) => consentInBrowser(zoho, context, request, browser)
}

function report(
  connection: Connection,
  target: Target,
  needed: Readonly<Record<string, string>>,
  typed: Readonly<Record<string, string>>,
  { printEnv, writeEnv }: LoginOptions,
  { screen }: Context,
): void {
  const { id, dataCenter, scopes = [], label, refreshToken } = connection
  const token = refreshToken === undefined ? {} : { ZOHO_REFRESH_TOKEN: refreshToken }
  const grant = { ...token, ZOHO_DATA_CENTER: dataCenter }
  // What was typed in is shown again only if lines for .env were asked for.
  const shown = printEnv ? { ...typed, ...grant } : writeEnv ? {} : target.env
  screen.data({
    connection: id,
    dataCenter,
    scopes,
    label,
    store: target.name,
    env: shown,
    ...(writeEnv && { written: Object.keys(needed) }),
  })
  const whose = label === undefined ? '' : ` as ${label}`
  const where = target.name === undefined ? 'nothing is kept' : `it is kept in ${target.name}`
  screen.done(`connected "${id}"${whose}, data centre ${dataCenter}; ${where}`)
  if (writeEnv)
    screen.done(`.env has ${Object.keys(needed).join(', ') || 'all it needs'}; keep it out of git`)
  const lines = envLines(shown)
  if (lines.length > 0)
    screen.note(
      'ZOHO_AUTH_KEYS' in shown
        ? 'Put these lines into .env, and keep it out of git; the key is shown this once:'
        : 'Put these lines into .env, and keep it out of git:',
    )
  for (const line of lines) screen.line(line)
  if (!printEnv && !writeEnv && Object.keys(typed).length > 0)
    screen.note(`${Object.keys(typed).join(' and ')} belong there too`)
  if (!printEnv) screen.note(`${howToUse(id)} Look: zoho-auth doctor`)
}

/** An app that has its stores from the variables uses this one connection if none is named. */
const howToUse = (id: string): string =>
  id === DEFAULT_CONNECTION
    ? 'An app with these variables uses it by itself: createZohoAuth().'
    : `An app names it: zoho.forConnection('${id}').`

function requestOf({ connection, dataCenter, environment, label }: LoginOptions): LoginRequest {
  const named = dataCenter ?? variable('ZOHO_DATA_CENTER')
  if (named !== undefined && !isDataCenter(named))
    throw usage(
      'ZOHO_DATA_CENTER is not a data centre',
      `Set it to one of ${DATA_CENTERS.join(' ')}, or unset it.`,
    )
  return { connection, dataCenter: named, environment, label }
}

/** Where client id or secret are missing and somebody is there, they are asked for. Core names them otherwise. */
async function askForClient({ screen, signal }: Context): Promise<Record<string, string>> {
  const typed: Record<string, string> = {}
  if (!screen.canAsk) return typed
  const isSet = (name: string): boolean =>
    Object.keys(process.env).some((one) => one.startsWith(name) && Boolean(process.env[one]))
  if (!isSet('ZOHO_CLIENT_ID'))
    typed.ZOHO_CLIENT_ID = await screen.askText('Client id, from Zoho’s API console', '1000.…', signal)
  if (!isSet('ZOHO_CLIENT_SECRET'))
    typed.ZOHO_CLIENT_SECRET = await screen.askSecret('Client secret, from the same page', signal)
  Object.assign(process.env, typed)
  return typed
}

async function scopesOf({ scope }: LoginOptions, { screen, signal }: Context): Promise<readonly string[]> {
  const given =
    scope ??
    (screen.canAsk ? await screen.askText('Scopes, with commas between', EXAMPLE_SCOPE, signal) : undefined)
  const scopes = (given ?? '').split(/[\s,]+/).filter(Boolean)
  if (scopes.length > 0) return scopes
  throw usage('the browser needs to know what to ask for', `Give --scope, such as --scope ${EXAMPLE_SCOPE}`)
}

const EXAMPLE_SCOPE = 'ZohoRecruit.modules.ALL'

async function codeOf(given: string): Promise<string> {
  const code = (given === '-' ? await readAll(process.stdin) : given).trim()
  if (code !== '') return code
  throw usage('the code is empty', 'Copy the code from the Self Client page of Zoho’s API console.')
}
