/** A server on loopback, with its data in a temporary folder. */
export interface RunningServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  stop(): Promise<void>
}

/** Where the program of a server is; `undefined` if it is not installed. */
export function redisServer(): string | undefined
export function postgresServer(): string | undefined

/** @param options `port`: to start again where one was stopped. */
export function startRedis(options?: {
  readonly port?: number
  readonly arguments?: readonly string[]
}): Promise<RunningServer>
export function startPostgres(): Promise<RunningServer>

/** A port that nobody listens on. */
export function freePort(): Promise<number>
