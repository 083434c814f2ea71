export type { CodeChallengeMethod } from './codes.js'
export type { Counters } from './counters.js'
export type { DataCenter } from './data-centers.js'
export { DATA_CENTERS } from './data-centers.js'
export type {
  CreateCodeOptions,
  CreateGrantOptions,
  Emulator,
  EndedToken,
  GrantInfo,
  GrantSummary,
  IssueTokenOptions,
  LiveToken,
  UserSummary,
} from './emulator.js'
export type { Fault, FaultKind, FaultTarget } from './faults.js'
export type { TokenEnd } from './grants.js'
export type { EmulatorClock, EmulatorOptions, Profile } from './options.js'
export type { Environment, Organization } from './people.js'
export type { Echo } from './products/echo.js'
export type { Product } from './products/product.js'
export type { LoggedRequest, RequestKind, RequestListener } from './request-log.js'
export type { Rules } from './rules.js'
export { startEmulator } from './start-emulator.js'
