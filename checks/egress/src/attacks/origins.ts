import type { DataCenter } from '@zoho-auth/core'
import { DOCUMENTED, type Origin } from '../judge.js'
import { pick } from '../trials.js'

/** What stands for the placeholders of a row. */
export interface Scene {
  readonly dataCenter: DataCenter
  readonly host: string
  readonly fill: (row: string) => string
}

/** A documented origin, with others of its data centre and of another one. */
export function sceneOf(origin: Origin, random: () => number): Scene {
  const { host, dataCenter } = origin
  const near = DOCUMENTED.filter((each) => each.dataCenter === dataCenter && each.host !== host)
  const far = DOCUMENTED.filter((each) => each.dataCenter !== dataCenter)
  const [label = ''] = host.split('.', 1)
  const values: Readonly<Record<string, string>> = {
    host,
    home: host,
    HOST: host.toUpperCase(),
    label,
    domain: host.slice(label.length + 1),
    other: pick(near, random).host,
    third: pick(near, random).host,
    abroad: pick(far, random).host,
  }
  return {
    host,
    dataCenter: dataCenter as DataCenter,
    fill: (row) => row.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole),
  }
}
