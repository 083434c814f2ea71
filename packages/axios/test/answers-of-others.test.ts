import { expect, test } from '@jest/globals'
import axios, {
  type AxiosAdapter,
  type AxiosInstance,
  type AxiosResponse,
  type InternalAxiosRequestConfig,
} from 'axios'
import { installZohoAuth } from '../src/index.js'
import { CANDIDATES, emulate, engine, expectClean, scene, thrown } from './support.js'

// It requires axios, whose CommonJS file jest does not find for the older one.
const isNewest = !/^1\.[67]\./.test(axios.VERSION)
const onNewest = isNewest ? test : test.skip
const MockAdapter = isNewest ? (await import('axios-mock-adapter')).default : (undefined as never)

function answer(config: InternalAxiosRequestConfig, data: unknown): AxiosResponse {
  return { data, status: 200, statusText: 'OK', headers: {}, config, request: {} }
}

interface Patchable {
  create: AxiosInstance['create']
}

async function withAdapter(adapter: AxiosAdapter) {
  const emulator = await emulate()
  const client = axios.create({ baseURL: emulator.url, adapter })
  installZohoAuth(client, { auth: engine(emulator) })
  return { client, secrets: () => emulator.liveTokens().map(({ accessToken }) => accessToken) }
}

test('an answer that an adapter kept from an earlier request names that one', async () => {
  // An adapter that keeps answers gave out one object: the config of the first request became that of the second.
  const kept = new Map<string, Promise<AxiosResponse>>()
  const { client, secrets } = await withAdapter((config) => {
    const key = String(config.url)
    const response = kept.get(key) ?? Promise.resolve(answer(config, 'once'))
    kept.set(key, response)
    return response
  })
  const first = await client.get(CANDIDATES, { params: { n: 1 } })
  const config = first.config
  const second = await client.get(CANDIDATES, { params: { n: 2 } })
  expect(first.config).toBe(config)
  expect(second.config).toBe(config)
  expect(config.params).toEqual({ n: 1 })
  expectClean([first, second], secrets())
})

test('an adapter that answers many requests at once with one answer gives nobody a token', async () => {
  const waiting: { config: InternalAxiosRequestConfig; resolve: (response: AxiosResponse) => void }[] = []
  const { client, secrets } = await withAdapter(
    (config) =>
      new Promise((resolve) => {
        waiting.push({ config, resolve })
        if (waiting.length < 3) return
        const [, , last] = waiting
        const all = answer((last as { config: InternalAxiosRequestConfig }).config, 'all')
        for (const one of waiting) one.resolve(all)
      }),
  )
  const asked = await Promise.all([1, 2, 3].map((n) => client.get(CANDIDATES, { params: { n } })))
  expect(asked.map(({ config }) => config.params)).toEqual([{ n: 3 }, { n: 3 }, { n: 3 }])
  expectClean(asked, secrets())
})

test('a request that gave up does not leave its token in the answer that others share', async () => {
  let first: InternalAxiosRequestConfig | undefined
  const { client, secrets } = await withAdapter((config) => {
    if (first !== undefined) return Promise.resolve(answer(first, 'shared'))
    first = config
    return Promise.reject(new Error('gave up'))
  })
  await thrown(client.get(CANDIDATES, { params: { n: 1 } }))
  const shared = await client.get(CANDIDATES, { params: { n: 2 } })
  expect(shared.config.params).toEqual({ n: 1 })
  expectClean(shared, secrets())
})

onNewest('a mock that answers with a config of its own keeps it', async () => {
  // The recorded config of a mock was replaced by that of the request.
  const { client, emulator } = await scene()
  const mock = new MockAdapter(client as never)
  const own = { headers: {}, url: '/recorded', httpAgent: { recorded: true } }
  const before = structuredClone(own)
  mock.onGet(CANDIDATES).replyOnce(() => ({ status: 200, data: 'recorded', config: own }) as never)
  const recorded = await client.get(CANDIDATES)
  expect(recorded.config).toBe(own)
  expect(own).toEqual(before)
  mock.onGet(CANDIDATES).reply(200, 'mocked')
  const mocked = await client.get(CANDIDATES, { params: { n: 1 } })
  expect(mocked.config.params).toEqual({ n: 1 })
  expectClean([recorded, mocked], [...emulator.liveTokens().map(({ accessToken }) => accessToken)])
})

onNewest('an adapter that sends a deep copy does not show the token through it', async () => {
  const { client, emulator } = await scene()
  const mock = new MockAdapter(client as never)
  mock.onAny().passThrough()
  const response = await client.get(CANDIDATES, { params: { n: 1 } })
  expect(response.config.params).toEqual({ n: 1 })
  expectClean(
    response,
    emulator.liveTokens().map(({ accessToken }) => accessToken),
  )
})

test.each(['axios itself', 'every instance'])(
  'an app that patches create of %s to install on each new instance does not go round in circles',
  async (whose) => {
    // Each install made an instance of its own with the patched create, which installed, which made another one.
    const emulator = await emulate()
    const auth = engine(emulator)
    let made = 0
    const patch = (instance: Patchable): void => {
      const { create } = instance
      instance.create = (defaults) => {
        made += 1
        const created = create.call(instance, defaults)
        if (whose === 'every instance') patch(created)
        installZohoAuth(created, { auth })
        return created
      }
    }
    const create = axios.create.bind(axios)
    patch(axios)
    try {
      const client = axios.create({ baseURL: emulator.url })
      expect((await client.get(CANDIDATES)).status).toBe(200)
      const handle = installZohoAuth(axios, { auth })
      made = 0
      expect((await axios.get(`${emulator.url}${CANDIDATES}`)).status).toBe(200)
      handle.eject()
      expect(made).toBe(0)
    } finally {
      axios.create = create
    }
  },
)

test('an install on axios itself does not call its create', async () => {
  // What an app does in its own create happened once more at each install.
  const create = axios.create.bind(axios)
  axios.create = () => {
    throw new Error('the app`s own business')
  }
  try {
    const emulator = await emulate()
    const handle = installZohoAuth(axios, { auth: engine(emulator) })
    expect((await axios.get(`${emulator.url}${CANDIDATES}`)).status).toBe(200)
    handle.eject()
  } finally {
    axios.create = create
  }
})
