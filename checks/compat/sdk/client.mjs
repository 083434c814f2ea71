/**
 * Zoho's own SDK for CRM as the client of an emulator: prints `ok` or `FAIL` for each thing it is asked to do.
 *
 *   node client.mjs <name of the SDK> <URL of the emulator's module>
 *
 * The SDK is used as its README shows, unchanged. It takes plain http as it is: its built-in data centres are all
 * https, but an `Environment` may be made with any API domain and any token endpoint, and the `api_domain` of a token
 * answer replaces it only if it is one of Zoho's own. Revocation is left out: `OAuthToken.revoke()` throws in the
 * one SDK and answers false in the other, before anything is sent.
 */
import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { mock } from 'node:test'

const [sdkName, emulatorUrl] = process.argv.slice(2)
const { startEmulator } = await import(emulatorUrl)
const sdkModule = await import(sdkName)
const sdk = sdkModule.default ?? sdkModule

const MINUTE_MS = 60_000

const folder = await mkdtemp(join(process.cwd(), 'state-'))
const emulator = await startEmulator()
const environment = new sdk.Environment(emulator.url, `${emulator.accountsUrl}/oauth/v2/token`, emulator.url)
const store = new sdk.FileStore(join(folder, 'tokens.txt'))
const leads = new sdk.Record.RecordOperations('Leads')

/** Runs one check and prints its line; a failed one does not end the others. */
async function check(name, body) {
  try {
    await body()
    console.log(`ok   ${sdkName}: ${name}`)
  } catch (error) {
    const reason = String(error?.message ?? error).split('\n')[0]
    console.log(`FAIL ${sdkName}: ${name}: ${reason}`)
    console.error(error)
  }
}

function client() {
  return new sdk.OAuthBuilder().clientId(emulator.clientId).clientSecret(emulator.clientSecret)
}

/** Makes the SDK work with this token from now on; it gets its access token at once. */
async function initialize(token) {
  const builder = await new sdk.InitializeBuilder()
  const config = new sdk.SDKConfigBuilder().autoRefreshFields(true).build()
  await builder
    .environment(environment)
    .token(token)
    .store(store)
    .SDKConfig(config)
    .resourcePath(folder)
    .initialize()
}

async function getLeads() {
  const parameters = new sdk.ParameterMap()
  await parameters.add(sdk.Record.GetRecordsParam.FIELDS, 'First_Name,Last_Name,Email')
  return leads.getRecords(parameters)
}

async function assertLeads() {
  const response = await getLeads()
  assert.equal(response.getStatusCode(), 200)
  assert.ok(response.getObject() instanceof sdk.Record.ResponseWrapper)
  const names = response
    .getObject()
    .getData()
    .map((lead) => lead.getKeyValue('First_Name'))
  assert.deepEqual(names, ['Grace', 'Alan'])
}

/** Moves the time of the whole process, so the SDK's and the emulator's alike: the SDK has no clock of its own. */
function passTime(ms) {
  const now = Date.now() + ms
  mock.timers.reset()
  mock.timers.enable({ apis: ['Date'], now })
}

/** The paths asked for since the last call, without repetitions. */
let seen = 0
function newPaths() {
  const paths = emulator.requests.slice(seen).map(({ path }) => path)
  seen = emulator.requests.length
  return [...new Set(paths)]
}

// first, because the SDK can be initialized with a grant token only while it has no other
await check('exchanges a grant token', async () => {
  const token = client()
    .grantToken(emulator.createCode({ user: 'grace' }))
    .build()
  await initialize(token)
  assert.ok(emulator.grants.some(({ refreshToken }) => refreshToken === token.getRefreshToken()))
  assert.match(token.getUserSignature().getName(), /^grace@example\.com:\d+$/)
})

const token = client().refreshToken(emulator.refreshToken).build()

await check('refreshes, and reads user and organisation', async () => {
  newPaths()
  const startedAt = Date.now()
  await initialize(token)
  assert.deepEqual(newPaths(), ['/oauth/v2/token', '/crm/v8/users', '/crm/v8/org'])
  assert.equal(token.getAccessToken(), emulator.liveTokens(emulator.refreshToken)[0].accessToken)
  assert.equal(token.getAPIDomain(), emulator.url)
  assert.match(token.getUserSignature().getName(), /^ada@example\.com:\d+$/)
  const lifeMs = Number(token.getExpiresIn()) - startedAt
  assert.ok(lifeMs >= 60 * MINUTE_MS && lifeMs < 61 * MINUTE_MS, `a life of ${lifeMs} ms`)
})

await check('reads modules, fields and Leads', async () => {
  await assertLeads()
  assert.deepEqual(newPaths(), ['/crm/v8/settings/modules', '/crm/v8/settings/fields', '/crm/v8/Leads'])
})

await check('creates a Lead', async () => {
  const lead = new sdk.Record.Record()
  lead.addKeyValue('Last_Name', 'Lovelace')
  const body = new sdk.Record.BodyWrapper()
  body.setData([lead])
  const response = await leads.createRecords(body, new sdk.HeaderMap())
  const [created] = response.getObject().getData()
  assert.ok(created instanceof sdk.Record.SuccessResponse)
  assert.equal(created.getCode().getValue(), 'SUCCESS')
})

await check('uses its token again 59 minutes later', async () => {
  passTime(59 * MINUTE_MS)
  await assertLeads()
  assert.equal(emulator.countersOf(emulator.refreshToken).tokenRequests, 1)
})

await check('refreshes after the hour', async () => {
  passTime(MINUTE_MS)
  assert.deepEqual(emulator.liveTokens(emulator.refreshToken), [])
  await assertLeads()
  assert.equal(emulator.countersOf(emulator.refreshToken).tokenRequests, 2)
  // the SDK renews what is in the store, not the object it was given
  const stored = await store.findTokenById(token.getId())
  assert.equal(stored.getAccessToken(), emulator.liveTokens(emulator.refreshToken)[0].accessToken)
})

await check('reads the refusal of a dead access token', async () => {
  emulator.killTokens()
  const response = await getLeads()
  assert.equal(response.getStatusCode(), 401)
  assert.ok(response.getObject() instanceof sdk.Record.APIException)
  assert.equal(response.getObject().getCode().getValue(), 'INVALID_TOKEN')
})

await check('reads the refusal of an unknown refresh token', async () => {
  const unknown = client().refreshToken('not-a-refresh-token').build()
  await assert.rejects(unknown.generateToken(), /invalid_code/)
})

await check('reads the refusal of a throttled client', async () => {
  emulator.throttle()
  const { refreshToken } = emulator.createGrant({ user: 'alan' })
  await assert.rejects(client().refreshToken(refreshToken).build().generateToken(), /Access Denied/)
})

await emulator.close()
