import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Tickets } from './accounts/tickets.js'
import { TurnableClock } from './clock.js'
import { Codes } from './codes.js'
import type { DataCenter } from './data-centers.js'
import type { Emulator } from './emulator.js'
import { Faults } from './faults.js'
import { Grants } from './grants.js'
import { listenerFor } from './listener.js'
import { type EmulatorOptions, type Settings, settingsFrom } from './options.js'
import { RequestLog } from './request-log.js'
import { rulesFor } from './rules.js'
import { RunningEmulator } from './running-emulator.js'
import { newClientId, newClientSecret } from './secrets.js'
import { Waits } from './waits.js'
import { WindowLimit } from './window-limit.js'
import type { World } from './world.js'

const LOOPBACK = '127.0.0.1'

/**
 * How long an idle connection is kept, in milliseconds. Longer than clients keep theirs, so that none is closed
 * under a request that is just being sent.
 */
const KEEP_ALIVE_MS = 120_000

/** Connections that may wait to be accepted: thousands of clients start at once in tests. */
const BACKLOG = 4_096

/**
 * Starts Zoho on loopback.
 *
 * @throws {TypeError} for an option that cannot be used, naming it. A port that is taken rejects with `EADDRINUSE`.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const settings = settingsFrom(options)
  const world = createWorld(settings)
  const servers: Server[] = []
  const emulator = new RunningEmulator(world, servers)
  try {
    for (const [place, dataCenter] of settings.dataCenters.entries()) {
      const server = createServer(listenerFor(world, dataCenter, () => emulator))
      server.keepAliveTimeout = KEEP_ALIVE_MS
      servers.push(server)
      const port = await listen(server, settings.port === 0 ? 0 : settings.port + place)
      world.origins.set(dataCenter, `http://${LOOPBACK}:${port}`)
    }
  } catch (error) {
    await emulator.close()
    throw error
  }
  emulator.begin()
  return emulator
}

function createWorld(settings: Settings): World {
  const rules = rulesFor(settings.profile, settings.speed, settings)
  const clock = new TurnableClock(settings.clock)
  const clientSecret = settings.clientSecret ?? newClientSecret()
  return {
    settings,
    rules,
    clock,
    clientId: settings.clientId ?? newClientId(),
    grants: new Grants(rules, clock, settings.throttleProlongs),
    codes: new Codes(clock, rules.codeLifeMs),
    tickets: new Tickets(),
    faults: new Faults(),
    log: new RequestLog(),
    waits: new Waits(),
    throttle: new WindowLimit({
      limit: Number.POSITIVE_INFINITY,
      windowMs: rules.tokenWindowMs,
      prolongs: settings.throttleProlongs,
    }),
    origins: new Map(),
    secretIn: (dataCenter: DataCenter) => settings.clientSecrets[dataCenter] ?? clientSecret,
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: LOOPBACK, backlog: BACKLOG }, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}
