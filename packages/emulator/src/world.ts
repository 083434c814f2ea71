import type { Tickets } from './accounts/tickets.js'
import type { TurnableClock } from './clock.js'
import type { Codes } from './codes.js'
import type { DataCenter } from './data-centers.js'
import type { Faults } from './faults.js'
import type { Grants } from './grants.js'
import type { Settings } from './options.js'
import type { RequestLog } from './request-log.js'
import type { Rules } from './rules.js'
import type { Waits } from './waits.js'
import type { WindowLimit } from './window-limit.js'

/** Everything the listeners of one emulator share. */
export interface World {
  readonly settings: Settings
  readonly rules: Rules
  readonly clock: TurnableClock
  readonly clientId: string
  readonly grants: Grants
  readonly codes: Codes
  readonly tickets: Tickets
  readonly faults: Faults
  readonly log: RequestLog
  readonly waits: Waits
  /** The throttle that was switched on by hand; it holds for everyone. */
  readonly throttle: WindowLimit
  /** Origins of the listeners, filled in as they start. */
  readonly origins: Map<DataCenter, string>
  secretIn(dataCenter: DataCenter): string
}

export function originOf(world: World, dataCenter: DataCenter): string {
  const origin = world.origins.get(dataCenter)
  if (origin === undefined) throw new TypeError(`the emulator has no data centre ${dataCenter}`)
  return origin
}
