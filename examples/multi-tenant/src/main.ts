// Starts the app twice, on ports 3000 and 3001, with everything it needs: an emulator of Zoho, a Redis and a PostgreSQL
// to throw away. With ZOHO_CLIENT_ID set it starts the two processes alone, with the variables that you have set.

import events from 'node:events'
import * as servers from '../../../checks/support/servers.mjs'
import { Fleet } from './fleet.js'
import { startPretendZoho } from './pretend-zoho.js'
import { tryOut } from './try-out.js'

const pretend = process.env.ZOHO_CLIENT_ID ? undefined : await startPretendZoho().catch(giveUp)
await import('./settings.js').catch(giveUp)

const once = process.argv.includes('--once') || process.env.EXAMPLE_ONCE === '1'
const first = Number(process.env.PORT ?? 3000)
const ports = once ? [await servers.freePort(), await servers.freePort()] : [first, first + 1]
const fleet = new Fleet(ports)
try {
  // One look at everything, and the end: this is how CI runs the example.
  if (once) process.exitCode = (await tryOut(ports)) ? 0 : 1
  else await Promise.race([events.once(process, 'SIGINT'), events.once(process, 'SIGTERM')])
} finally {
  await fleet.stop()
  await pretend?.stop()
}

/** What is missing, without the stack of a program that is not at fault. */
function giveUp(error: Error): never {
  console.error(error.message)
  process.exit(1)
}
