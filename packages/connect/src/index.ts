/** The consent flow for browsers, for adapters of web frameworks. */
export type { ConnectHandler, ConnectSetup } from './connect-handler.js'
export { connectHandler } from './connect-handler.js'
export type { ConnectOptions } from './options.js'
export { connectFaults } from './options.js'
