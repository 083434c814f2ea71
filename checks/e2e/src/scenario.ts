import type { EmulatorOptions } from '@zoho-auth/emulator'
import type { Stage } from './stage.js'

/** One program of events, and the figures it must lead to. */
export interface Scenario {
  readonly name: string
  /** Of the scenario's own emulator. */
  emulator?(full: boolean): EmulatorOptions
  play(stage: Stage): Promise<void>
}
