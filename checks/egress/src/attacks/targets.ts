import { TLD } from '../../../support/zoho-hosts.mjs'
import { PATH, type ProxyApp } from '../clients/express.js'
import { DATA_CENTERS } from '../judge.js'
import { FINE, HEADERS, TARGETS } from '../tables/targets.js'
import { type Series } from '../trials.js'
import { told } from '../world.js'

/** Request targets and headers against an app with `zohoProxy`: all of it goes to the product's host, or nowhere. */
export function requestTargets(name: string, app: ProxyApp): Series {
  const rows = [...TARGETS, ...FINE]
  return {
    name: `request targets: zohoProxy ${name}`,
    whole: rows.length * HEADERS.length,
    bounded: rows.length,
    make(index, id) {
      const row = Math.floor(index / HEADERS.length)
      const turn = row + (index % HEADERS.length)
      const target = (rows[row] as string).replaceAll('{path}', PATH)
      const header = HEADERS[turn % HEADERS.length] as string
      const dataCenter = DATA_CENTERS[turn % DATA_CENTERS.length] as string
      const home = `recruit.${dataCenter === 'ca' ? 'zohocloud' : 'zoho'}.${TLD[dataCenter]}`
      const isFine = row >= TARGETS.length
      const isRewriting = name === 'rewriting'
      const line = `GET ${isRewriting ? '/any' : target}`
      const headers = [
        header,
        `x-case: ${id}`,
        `x-data-center: ${dataCenter}`,
        `x-target: ${Buffer.from(target).toString('base64')}`,
      ].join('\r\n')
      return {
        row: `${JSON.stringify(target)} with ${JSON.stringify(header)}, connection "${dataCenter}"`,
        send: () => app.ask(line, headers),
        judge({ arrivals }) {
          const stray = arrivals.find(({ to }) => to.host !== home || to.port !== 443 || !to.isTls)
          if (stray !== undefined) return `went elsewhere: ${told(stray)}`
          const isThere = arrivals.some(({ secrets }) => secrets.length > 0)
          if (isFine && !isThere) return 'a path of the product got no token'
          return !isFine && arrivals.length > 0 ? `went through: ${arrivals.map(told).join(', ')}` : undefined
        },
      }
    },
    isEmpty: ({ delivered, unsent }) => delivered === 0 || unsent === 0,
  }
}
