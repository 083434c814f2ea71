import type { Stage } from './stage.js'

/** One thing that must hold in a real browser. It passes if `play` ends without throwing, and nothing leaked meanwhile. */
export interface Check {
  readonly name: string
  /** Complaints of the browser that belong to it. Default: there must be none. */
  readonly complaints?: RegExp
  play(stage: Stage): Promise<void>
}
