import { InvalidArgumentError } from 'commander'

const HIGHEST_PORT = 65_535

/** A port, for commander. */
export function portOf(text: string): number {
  const port = Number(text)
  if (text.trim() !== '' && Number.isInteger(port) && port >= 0 && port <= HIGHEST_PORT) return port
  throw new InvalidArgumentError(`It is a whole number from 0 to ${HIGHEST_PORT}.`)
}

/** A number above 0 that a timer can bear, for commander. */
export function positive(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && value <= MAX_SECONDS) return value
  throw new InvalidArgumentError(`It is a number above 0, ${MAX_SECONDS} at most.`)
}

/** One day, in seconds. */
const MAX_SECONDS = 86_400
