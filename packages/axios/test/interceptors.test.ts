import { Agent } from 'node:http'
import { expect, test } from '@jest/globals'
import axios, { type AxiosAdapter, type InternalAxiosRequestConfig } from 'axios'
import { installZohoAuth } from '../src/index.js'
import { arrived, CANDIDATES, digest, emulate, engine, killed, scene, serve, thrown } from './support.js'

test('the header is decided after interceptors registered before and after the install', async () => {
  const emulator = await emulate()
  const other = await serve()
  const client = axios.create()
  // axios runs the one registered last first
  client.interceptors.request.use((config) => {
    if (config.url === '/early') config.url = `${other.url}/away`
    return config
  })
  installZohoAuth(client, { auth: engine(emulator) })
  client.interceptors.request.use((config) => {
    if (config.url === '/late') config.url = `${emulator.url}${CANDIDATES}`
    return config
  })
  await client.get('/early')
  expect(other.seen.map(({ authorization }) => authorization)).toEqual([undefined])
  expect((await client.get('/late')).status).toBe(200)
})

test('an interceptor that runs last and sets the header itself wins', async () => {
  const emulator = await emulate()
  const client = axios.create({ baseURL: emulator.url })
  client.interceptors.request.use((config) => {
    config.headers.set('Authorization', 'Bearer mine')
    return config
  })
  installZohoAuth(client, { auth: engine(emulator) })
  await thrown(client.get(CANDIDATES))
  expect(emulator.counters.tokenRequests).toBe(0)
})

test('interceptors see no token, in requests and in answers', async () => {
  const emulator = await emulate()
  const client = axios.create({ baseURL: emulator.url })
  const seen: unknown[] = []
  client.interceptors.request.use((config) => {
    seen.push(config.headers.get('authorization'))
    return config
  })
  installZohoAuth(client, { auth: engine(emulator) })
  client.interceptors.response.use((response) => {
    seen.push(response.config.headers.get('authorization'))
    return response
  })
  await client.get(CANDIDATES)
  expect(seen).toEqual([undefined, undefined])
})

test('interceptors and transforms run once for a request that is sent twice', async () => {
  const { client, emulator } = await killed()
  const ran: string[] = []
  client.interceptors.request.use((config) => {
    ran.push('request')
    config.data = { wrapped: config.data }
    return config
  })
  client.interceptors.response.use((response) => {
    ran.push('response')
    return response
  })
  const response = await client.post(
    CANDIDATES,
    { a: 1 },
    {
      transformRequest: [
        (data, headers) => {
          ran.push('transformRequest')
          headers.setContentType('application/json')
          return JSON.stringify({ again: data })
        },
      ],
      transformResponse: [
        (data) => {
          ran.push('transformResponse')
          return JSON.parse(data)
        },
      ],
    },
  )
  expect(ran).toEqual(['request', 'transformRequest', 'transformResponse', 'response'])
  expect(arrived(response)).toMatchObject({
    ...digest('{"again":{"wrapped":{"a":1}}}'),
    type: 'application/json',
  })
  expect(emulator.counters).toMatchObject({ tokenRequests: 1, apiRequests: 2 })
})

test('the error interceptor runs once for a request that stays refused', async () => {
  const { client, emulator } = await killed()
  emulator.fault({ on: 'api', kind: 'dead-token', times: Number.POSITIVE_INFINITY })
  let ran = 0
  client.interceptors.response.use(undefined, (error) => {
    ran += 1
    return Promise.reject(error)
  })
  await thrown(client.get(CANDIDATES))
  expect(ran).toBe(1)
})

test('a config that comes back can be sent again, with its transforms and adapter', async () => {
  const { client, emulator } = await scene()
  const first = await client.post(CANDIDATES, { a: 1 })
  expect(first.config.transformRequest).toEqual(client.defaults.transformRequest)
  expect(first.config.adapter).toEqual(client.defaults.adapter)
  emulator.killTokens()
  const second = await client.request(first.config)
  expect(arrived(second)).toEqual(arrived(first))
  expect(emulator.counters.tokenRequests).toBe(2)
})

test('a config that an interceptor sends on its own is not wrapped twice', async () => {
  const emulator = await emulate()
  const client = axios.create({ baseURL: emulator.url })
  let depth = 0
  client.interceptors.request.use(async (config) => {
    depth += 1
    if (depth === 1) await client.request(config).then(({ config: sent }) => configs.push(sent))
    return config
  })
  const configs: unknown[] = []
  installZohoAuth(client, { auth: engine(emulator) })
  configs.push((await client.post(CANDIDATES, { a: 1 })).config)
  expect(configs).toHaveLength(2)
  for (const config of configs)
    expect(config).toMatchObject({
      adapter: client.defaults.adapter,
      transformRequest: client.defaults.transformRequest,
    })
})

test('an interceptor that adds a transform is obeyed, also when the request is sent again', async () => {
  const emulator = await emulate()
  const client = axios.create({ baseURL: emulator.url })
  client.interceptors.request.use((config) => {
    if (config.method === 'post') (config.transformRequest as unknown[]).push(added)
    return config
  })
  const added = (form: { append(name: string, value: string): void }) => {
    form.append('added', 'yes')
    return form
  }
  installZohoAuth(client, { auth: engine(emulator) })
  await client.get(CANDIDATES)
  emulator.killTokens()
  const { config } = await client.postForm(CANDIDATES, { a: 'b' })
  expect(config.transformRequest).toContain(added)
  const sent = emulator.requests.filter(({ kind, method }) => kind === 'api' && method === 'POST')
  expect(sent.map(({ status }) => status)).toEqual([401, 200])
  expect(sent[0]?.bodyLength).toBeGreaterThan(200)
  expect(sent[1]?.bodyLength).toBe(sent[0]?.bodyLength)
})

test('agents are themselves again when a config comes back', async () => {
  const httpAgent = new Agent()
  const { client } = await scene({ axios: { httpAgent } })
  const { config } = await client.get(CANDIDATES)
  const seen: InternalAxiosRequestConfig[] = []
  await client.request({ ...config, adapter: answering(seen) })
  expect(seen[0]?.httpAgent).toBe(httpAgent)
})

test('an interceptor that replaces the transforms is obeyed', async () => {
  const emulator = await emulate()
  const client = axios.create({ baseURL: emulator.url })
  client.interceptors.request.use((config) => {
    config.transformRequest = [() => 'replaced']
    return config
  })
  installZohoAuth(client, { auth: engine(emulator) })
  expect(arrived(await client.post(CANDIDATES, { a: 1 }))).toMatchObject(digest('replaced'))
})

test('interceptors of an app that patches create stay out of replays', async () => {
  const { emulator, auth } = await scene()
  const client = axios.create({ baseURL: emulator.url }) as ReturnType<typeof axios.create> & {
    create: typeof axios.create
  }
  const create = client.create
  let ran = 0
  client.create = (...options) => {
    const instance = create(...options)
    instance.interceptors.request.use((config) => {
      ran += 1
      return config
    })
    return instance
  }
  installZohoAuth(client, { auth })
  await client.get(CANDIDATES)
  expect(ran).toBe(0)
})

const answering =
  (seen: InternalAxiosRequestConfig[], status = 200): AxiosAdapter =>
  async (config) => {
    seen.push(config)
    return { data: { mocked: true }, status, statusText: '', headers: {}, config, request: { mock: true } }
  }

test('a mocked adapter sees the config it is used to, and the header', async () => {
  const { client } = await scene({ axios: { timeout: 5_000 } })
  const seen: InternalAxiosRequestConfig[] = []
  const response = await client.get(CANDIDATES, { adapter: answering(seen), params: { a: 1 } })
  expect(response.data).toEqual({ mocked: true })
  expect(response.request).toEqual({ mock: true })
  expect(response.config.headers.get('authorization')).toBeUndefined()
  expect(seen).toHaveLength(1)
  expect(seen[0]).toMatchObject({
    url: CANDIDATES,
    baseURL: client.defaults.baseURL,
    timeout: 5_000,
    params: { a: 1 },
  })
  expect(seen[0]?.headers.get('Authorization')).toMatch(/^Zoho-oauthtoken /)
})

test('a mock among the defaults of the instance works, also one that was set later', async () => {
  const { client, emulator } = await scene()
  const seen: InternalAxiosRequestConfig[] = []
  client.defaults.adapter = answering(seen)
  expect((await client.get('/anything')).data).toEqual({ mocked: true })
  expect((await client.get('https://example.com/')).data).toEqual({ mocked: true })
  expect(seen.map(({ headers }) => headers.has('authorization'))).toEqual([true, false])
  expect(emulator.counters.tokenRequests).toBe(1)
})

test('a refusal that a mock answers with an object is judged too', async () => {
  const { client, emulator } = await scene()
  await client.get(CANDIDATES)
  const seen: InternalAxiosRequestConfig[] = []
  const response = await client.get(CANDIDATES, {
    adapter: async (config) => {
      const answer = await answering(seen, seen.length === 0 ? 401 : 200)(config)
      return { ...answer, data: seen.length === 1 ? { code: 'INVALID_TOKEN' } : {} }
    },
  })
  expect(response.status).toBe(200)
  expect(new Set(seen.map(({ headers }) => headers.get('Authorization'))).size).toBe(2)
  expect(emulator.counters.tokenRequests).toBe(2)
})

test('an adapter that throws, at once or later, fails the request and never hangs it', async () => {
  const { client } = await scene()
  const adapters: AxiosAdapter[] = [
    () => {
      throw new Error('at once')
    },
    () => Promise.reject(new Error('later')),
    () => Promise.reject(undefined),
  ]
  for (const adapter of adapters) {
    const outcome = await client.get(CANDIDATES, { adapter }).then(
      () => 'fulfilled',
      (error: unknown) => error,
    )
    expect(outcome).not.toBe('fulfilled')
  }
})

test('an adapter that axios does not know fails as with axios alone', async () => {
  const { client } = await scene()
  const error = await thrown(client.get(CANDIDATES, { adapter: 'nonsense' as never }))
  expect(axios.isAxiosError(error)).toBe(true)
  expect(error.message).toContain('nonsense')
})

test('an instance whose interceptors are all synchronous stays so', async () => {
  const { client } = await scene()
  let dispatched = false
  client.interceptors.request.use((config) => config, null, { synchronous: true })
  const adapter: AxiosAdapter = async (config) => {
    dispatched = true
    return answering([])(config)
  }
  const pending = client.get('https://example.com/', {
    adapter,
    transformRequest: [
      (data) => {
        dispatched = true
        return data
      },
    ],
  })
  expect(dispatched).toBe(true)
  await pending
})
