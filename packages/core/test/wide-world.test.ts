import { describe, expect, test } from '@jest/globals'
import {
  DATA_CENTERS,
  type DataCenter,
  memoryConnectionStore,
  type Product,
  productFacts,
} from '@zoho-auth/core'
import { figure } from '../../../checks/support/figures.mjs'
import { WORLD, type WorldHost } from '../../../checks/support/zoho-hosts.mjs'
import { productOf } from '../src/words/products.js'
import { codeOf, connection, emulate, engine } from './support.js'
import { worldFetch } from './zoho-world.js'

/** An engine with one connection per data centre, for which the emulator is the whole of Zoho. */
async function world() {
  const emulator = await emulate({ dataCenters: DATA_CENTERS })
  const connections = memoryConnectionStore(
    DATA_CENTERS.map((dataCenter) =>
      connection(dataCenter, emulator.createGrant({ dataCenter }).refreshToken, dataCenter),
    ),
  )
  const fetch = worldFetch(emulator)
  return { emulator, zoho: engine(emulator, { connections, accountsUrl: undefined, fetch }) }
}

const isTokenFor = async (work: Promise<unknown>): Promise<boolean> => (await codeOf(work)) === undefined

test('every documented origin gets a token of its data centre', async () => {
  const { zoho } = await world()
  const without: string[] = []
  for (const { url, dataCenter } of WORLD)
    if (!(await isTokenFor(zoho.authorize(url, { connection: dataCenter })))) without.push(url)
  const measured = `${WORLD.length - without.length} of ${WORLD.length}`
  figure('documented origins that get a token', without.length === 0, measured)
  expect(without).toEqual([])
  expect(WORLD.length).toBeGreaterThanOrEqual(188)
})

/** What is made of each documented URL: `H` is its host, `D` what stands behind the first label. */
const LOOK_ALIKES = [
  'http://H/',
  'https://H:8443/',
  'https://user@H/',
  'https://H./',
  'https://H.evil.example/',
  'https://evil-D/',
  'https://evil.example/H',
  'https://evil.example\\@H/',
]

/** Domains on which Zoho's customers publish, and hosts of customers below Zoho's own. */
const PUBLISHED = [
  'zohosites',
  'zohopublic',
  'zohocreatorportal',
  'zohostratus',
  'zohocommerce',
  'zohobookings',
  'zohodesk',
  'catalystserverless',
  'zohoexternal',
  'zohoplatform',
  'zohoportal',
  'nimbuspop',
].flatMap((name) => ['com', 'eu', 'in', 'com.au', 'jp', 'ca'].map((tld) => `https://recruit.${name}.${tld}/`))

test('other data centres, look-alikes and hosts of customers get none', async () => {
  const { emulator, zoho } = await world()
  const foreign: [url: string, dataCenter: DataCenter][] = []
  for (const { url, dataCenter } of WORLD) {
    for (const other of DATA_CENTERS) if (other !== dataCenter) foreign.push([url, other])
    const { host } = new URL(url)
    const domain = host.replace(/^(api\.catalyst|[^.]+)\./, '')
    for (const pattern of LOOK_ALIKES) {
      const like = pattern.replaceAll('H', host).replaceAll('D', domain)
      foreign.push([like, dataCenter as DataCenter])
    }
  }
  for (const dataCenter of DATA_CENTERS) {
    for (const url of PUBLISHED) foreign.push([url, dataCenter])
    const accounts = new URL((await zoho.apiUrl('accounts', dataCenter)).href)
    const domain = accounts.host.replace(/^accounts\./, '')
    for (const host of [domain, `creatorapp.${domain}`, `somebody.wiki.${domain}`])
      foreign.push([`https://${host}/`, dataCenter])
  }
  const given: string[] = []
  for (const [url, dataCenter] of foreign)
    if (await isTokenFor(zoho.authorize(url, { connection: dataCenter })))
      given.push(`${url} of ${dataCenter}`)
  figure(
    'foreign, look-alike and other data centres’ origins that do',
    given.length === 0,
    `${given.length} of ${foreign.length}`,
  )
  expect(given).toEqual([])
  expect(foreign.length).toBeGreaterThanOrEqual(500)
  // Nothing was even asked for.
  expect(emulator.counters.tokenRequests).toBe(0)
})

/** One data centre of each product and host. */
const ROWS = [...new Map(WORLD.map((row) => [`${row.product} ${labelOf(row)}`, row])).values()]

function labelOf({ url }: WorldHost): string {
  return new URL(url).host.split('.', 1).join()
}

describe('an evicted token is replaced, whatever the product says', () => {
  let replaced = 0

  test.each(ROWS)('$product: $url', async ({ url, dataCenter }) => {
    const { emulator, zoho } = await world()
    const get = async () => (await zoho.fetch(url, { connection: dataCenter })).status
    expect(await get()).toBe(200)
    emulator.killTokens()
    expect(await get()).toBe(200)
    expect(emulator.counters.tokenRequests).toBe(2)
    replaced += 1
  })

  test('the next call is answered with two token requests in all, at every one of them', () => {
    figure(
      'evicted token, every documented product',
      replaced === ROWS.length,
      `${replaced} of ${ROWS.length}`,
    )
    expect(replaced).toBe(ROWS.length)
  })
})

test('every documented product has a row, with its host, its data centres and its source', () => {
  for (const { product, dataCenter, url } of WORLD) {
    const { source, grade, dataCenters } = productFacts(product as Product)
    expect(source).toMatch(/^[a-z0-9]+\.com\/|public clients/)
    expect(['Z', 'S', 'M', 'U', '?']).toContain(grade)
    const label = labelOf({ product, dataCenter, url })
    // Older hosts are in fewer places, and some of them in others.
    if (label === 'www' || label === product) expect([url, ...dataCenters]).toContain(dataCenter)
    expect([url, productOf(new URL(url), false)]).toEqual([url, product])
  }
})
