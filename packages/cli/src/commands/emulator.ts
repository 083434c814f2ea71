import { once } from 'node:events'
import type { DataCenter, Profile } from '@zoho-auth/emulator'
import { Command, InvalidArgumentError, Option } from 'commander'
import type { Context, Start } from '../context.js'
import { envLines } from '../env-file.js'
import type { ExitCode } from '../exit-code.js'
import { usage } from '../failure.js'
import { Interrupted } from '../interrupts.js'
import { portOf } from '../options.js'

/** Port of the emulator, so that the lines in `.env` stay right as far as they can. */
const EMULATOR_PORT = 8586

interface EmulatorOptions {
  readonly port: number
  readonly profile: Profile
  readonly speed: number
  readonly dataCenters: readonly DataCenter[]
}

export function emulatorCommand(start: Start): Command {
  return new Command('emulator')
    .description('Runs Zoho on this machine: accounts server, product APIs, quotas and faults. Until Ctrl-C.')
    .option('--port <number>', 'port of the first data centre, 0 for any', portOf, EMULATOR_PORT)
    .addOption(
      new Option('--profile <name>', 'whose limit of live tokens')
        .choices(['recruit', 'crm', 'accounts'])
        .default('recruit'),
    )
    .option('--speed <factor>', 'how many times faster than Zoho; 600 makes an hour 6 s', speedOf, 1)
    .option('--data-centers <names>', 'with commas between; the first is the home of the client', namesOf, [
      'us',
    ])
    .addHelpText(
      'after',
      `
Clients, secrets and grants are made anew at each start, and are good for nothing else.

Example:
  $ zoho-auth emulator --speed 60`,
    )
    .action((options: EmulatorOptions) => start(emulator, options))
}

async function emulator(options: EmulatorOptions, { screen, signal }: Context): Promise<ExitCode> {
  const { startEmulator } = await import('@zoho-auth/emulator')
  const { port, profile, speed, dataCenters } = options
  const running = await startEmulator({ port, profile, speed, dataCenters }).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== undefined)
      throw usage(`port ${port} cannot be listened on (${code})`, 'Free it, or choose another with --port.')
    throw usage(message, 'See zoho-auth emulator --help.')
  })
  try {
    const env = running.env()
    const { url, pageUrl, accountsUrls, clientId, clientSecret } = running
    screen.data({ url, pageUrl, accountsUrls, clientId, clientSecret, env })
    const fast = speed === 1 ? '' : `, ${speed} times as fast as the real one`
    screen.line(`Zoho is running on ${url}${fast}`)
    for (const [dataCenter, origin] of Object.entries(accountsUrls)) screen.line(`  ${dataCenter}  ${origin}`)
    screen.line(`page           ${pageUrl}`)
    screen.line(`client id      ${clientId}`)
    screen.line(`client secret  ${clientSecret}`)
    screen.line('')
    screen.line('# paste into .env')
    for (const line of envLines(env)) screen.line(line)
    screen.note('Ctrl-C stops it')
    if (!signal.aborted) await once(signal, 'abort')
    throw new Interrupted()
  } finally {
    await running.close()
  }
}

function speedOf(text: string): number {
  const speed = Number(text)
  if (Number.isFinite(speed) && speed > 0) return speed
  throw new InvalidArgumentError('It is a number above 0.')
}

function namesOf(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean)
}
