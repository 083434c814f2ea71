import { DATA_CENTERS, type DataCenter } from '../words/data-centers.js'

/** Reads one variable. `undefined` if it is not set; faults are added to `faults`. */
export type ReadVariable = (name: string) => string | undefined

/** `docker run --env-file` and systemd's `EnvironmentFile` of old keep the quotes that a shell would take off. */
const QUOTED = /^(["']).*\1$/s

/**
 * Variables of the environment, each also as `…_FILE`: the path of a file that holds the value (Docker and Kubernetes
 * secrets). An empty variable is not set. Line ends at the end of a file are dropped.
 */
export function environment(env: NodeJS.ProcessEnv, faults: string[]): ReadVariable {
  return (name) => {
    const value = env[name] || undefined
    const path = env[`${name}_FILE`] || undefined
    if (path === undefined) {
      const text = value?.trim()
      if (text === undefined || !QUOTED.test(text)) return text
      faults.push(`${name} stands in quotes, which belong to the value here: take them off`)
      return undefined
    }
    if (value !== undefined) {
      faults.push(`${name} and ${name}_FILE are both set: unset one of them`)
      return undefined
    }
    try {
      const content = process.getBuiltinModule('node:fs').readFileSync(path, 'utf8').trim()
      if (content !== '') return content
      faults.push(`${name}_FILE: the file is empty`)
    } catch (error) {
      faults.push(
        `${name}_FILE: the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown fault'})`,
      )
    }
    return undefined
  }
}

/** `NAME`, and `NAME_EU` and so on, which win. */
export function perDataCenter(
  name: string,
  read: ReadVariable,
): Partial<Record<DataCenter | 'default', string>> | undefined {
  const found: Partial<Record<DataCenter | 'default', string>> = {}
  const plain = read(name)
  if (plain !== undefined) found.default = plain
  for (const dataCenter of DATA_CENTERS) {
    const own = read(`${name}_${dataCenter.toUpperCase()}`)
    if (own !== undefined) found[dataCenter] = own
  }
  return Object.keys(found).length === 0 ? undefined : found
}
