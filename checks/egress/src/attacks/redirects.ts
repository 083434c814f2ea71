import { BODY, type Client } from '../clients/client.js'
import { DOCUMENTED, hopTo, isDocumented, isOnList, isSameHop } from '../judge.js'
import { LEADS, PARCELS, type Parcel, STATUSES } from '../tables/redirects.js'
import { type Outcome, pick, type Series } from '../trials.js'
import { type Arrival, told, type World } from '../world.js'
import { sceneOf } from './origins.js'

/** How often each lead is played in the whole form: twice with each status, each time with another kind of request. */
const TURNS = STATUSES.length * 2

/** Cases of an axios in the bounded form. */
const BOUNDED = 30

/** Every lead with every status, and every kind of request, each from a documented origin. */
export function redirects(client: Client, world: World): Series {
  return {
    name: `redirects: ${client.name}`,
    environment: client.environment,
    whole: LEADS.length * TURNS,
    bounded: client.takesBases ? BOUNDED : LEADS.length,
    make(index, id, random) {
      const row = Math.floor(index / TURNS)
      const turn = index % TURNS
      const lead = LEADS[row] as readonly string[]
      const status = STATUSES[turn % STATUSES.length] as number
      const parcel = PARCELS[(row + turn) % PARCELS.length] as Parcel
      const scene = sceneOf(pick(DOCUMENTED, random), random)
      const url = `https://${scene.host}/recruit/v2/Candidates`
      const locations = lead.map(scene.fill)
      const { dataCenter } = scene
      const hops = followed(url, locations, dataCenter)
      return {
        row: `${parcel.method} ${parcel.body ?? 'without a body'} to ${url}, answered ${status} to ${JSON.stringify(locations)}, connection "${dataCenter}"`,
        send() {
          // A header holds bytes.
          const bytes = (text: string) => Buffer.from(text).toString('latin1')
          world.redirect(
            id,
            locations.map((location) => ({ status, location: bytes(location) })),
          )
          return client.send({ id, dataCenter, url, parcel })
        },
        judge: (outcome) => judged(outcome, hops, client, parcel, dataCenter),
      }
    },
    isEmpty: ({ strangers, delivered }) => {
      if (client.proxy === 'reads along') return false
      return delivered === 0 || (client.carries !== 'nowhere' && strangers === 0)
    },
  }
}

/** The documented hosts to which the redirects lead, up to the first that is none. */
function followed(url: string, locations: readonly string[], dataCenter: string): readonly URL[] {
  const hops = [new URL(url)]
  for (const location of locations) {
    const from = hops.at(-1) as URL
    // Nothing, to most clients, is nowhere.
    if (location === '' || !URL.canParse(location, from)) break
    const next = new URL(location, from)
    if (!isDocumented(next, dataCenter)) break
    hops.push(next)
  }
  return hops
}

function judged(
  { arrivals }: Outcome,
  hops: readonly URL[],
  { carries, keepsBodies, proxy }: Client,
  parcel: Parcel,
  dataCenter: string,
): string | undefined {
  const left = arrivals.findIndex(({ to }) => !isOnList(to, dataCenter))
  const back = left < 0 ? undefined : arrivals.slice(left).find(hasToken)
  if (back !== undefined) return `had left the list, and a token arrived after that: ${told(back)}`
  const body = arrivals.find(
    ({ to, text }) => keepsBodies && !isOnList(to, dataCenter) && text.includes(BODY),
  )
  if (body !== undefined) return `a body left the list: ${told(body)}`
  if (proxy === 'reads along') return arrivals.some(hasToken) ? 'a proxy could read along' : undefined
  const isSent = carries === 'to Zoho' && parcel.body !== 'stream' ? hops : hops.slice(0, 1)
  const arrived = arrivals.filter(hasToken)
  const missing =
    carries === 'nowhere' && arrived.length === 1
      ? -1
      : isSent.findIndex((hop, index) => {
          const at = arrived[index]
          return at === undefined || !isSameHop(at.to, hopTo(hop))
        })
  return missing < 0 ? undefined : `no token at ${isSent[missing]?.href}: ${arrivals.map(told).join(', ')}`
}

function hasToken({ secrets }: Arrival): boolean {
  return secrets.some(({ kind }) => kind === 'access-token')
}
