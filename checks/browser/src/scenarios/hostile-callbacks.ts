import assert from 'node:assert/strict'
import type { Check } from '../check.js'
import type { Stage } from '../stage.js'

/** Callbacks as Zoho's page would never send them: the emulator's own switches. */
const FAULTS = [
  'accounts-server-look-alike',
  'accounts-server-userinfo',
  'accounts-server-port',
  'accounts-server-path',
  'accounts-server-encoded',
  'accounts-server-http',
  'doubled-accounts-server',
  'unknown-location',
  'wrong-state',
  'no-state',
  'doubled-state',
  'no-code',
  'doubled-code',
] as const

/** More than Node reads of headers (16 KiB), and less than Chromium follows (256 KiB). */
const LONG_BYTES = 100_000

/** Nothing was sent to Zoho or anybody else, and nothing is connected. */
function assertNothingDone({ emulator, foreign, grants }: Stage): void {
  assert.deepEqual([emulator.counters.tokenRequests, grants], [0, []])
  assert.deepEqual(foreign.visits, [])
}

/** Somebody changes the callback on its way. */
function tampered(what: string, change: (callback: URL, stage: Stage) => void): Check {
  return {
    name: `${what}: refused, and nothing is sent`,
    async play(stage) {
      const visitor = await stage.visitor()
      const callback = new URL(await visitor.heldCallback({ dataCenter: 'in' }))
      change(callback, stage)
      await visitor.open(callback.href)
      await visitor.sees('That did not work')
      assert.match((await visitor.page.textContent('main')) ?? '', /ERR_ZOHO_STATE/)
      assertNothingDone(stage)
    },
  }
}

export const HOSTILE_CALLBACKS: readonly Check[] = [
  tampered('a state that was changed on the way', ({ searchParams }) => {
    const state = searchParams.get('state') ?? ''
    searchParams.set('state', state.slice(0, -1) + (state.endsWith('A') ? 'B' : 'A'))
  }),
  tampered('an accounts-server that was changed on the way', ({ searchParams }, { foreign }) => {
    searchParams.set('accounts-server', foreign.origin)
  }),
  tampered('the accounts-server of another data centre', ({ searchParams }, { emulator }) => {
    searchParams.set('accounts-server', emulator.accountsUrl)
  }),
  tampered('a location that was changed on the way', ({ searchParams }) => {
    searchParams.set('location', 'us')
  }),
  {
    name: 'Zoho’s page names a foreign accounts server: refused, and nothing is sent',
    async play(stage) {
      stage.emulator.fault({ on: 'auth', kind: 'foreign-accounts-server', value: stage.foreign.origin })
      const visitor = await stage.visitor()
      await visitor.consent()
      await visitor.sees('That did not work')
      assertNothingDone(stage)
    },
  },
  {
    name: `${FAULTS.length} callbacks that Zoho never sends: refused, nothing is sent, and “Start again” works`,
    async play(stage) {
      const visitor = await stage.visitor()
      for (const kind of FAULTS) {
        stage.emulator.fault({ on: 'auth', kind })
        await visitor.open(await visitor.heldCallback())
        await visitor.sees('That did not work')
        assert.match((await visitor.page.textContent('main')) ?? '', /ERR_ZOHO_STATE/, kind)
        assertNothingDone(stage)
      }
      await visitor.page.getByRole('link', { name: 'Start again' }).click()
      await visitor.answer()
      assert.equal((await visitor.result())['Zoho user'], 'ada@example.com')
    },
  },
  {
    name: 'no accounts-server and no location: the data centre of the client counts',
    async play(stage) {
      stage.emulator.fault({ on: 'auth', kind: 'no-accounts-server' })
      const visitor = await stage.visitor()
      await visitor.consent({ dataCenter: 'in' })
      assert.equal((await visitor.result())['Data centre'], 'in')
      stage.emulator.fault({ on: 'auth', kind: 'no-location' })
      await visitor.consent({ user: 'Grace Hopper', dataCenter: 'us' })
      assert.equal((await visitor.result())['Data centre'], 'us')
    },
  },
  {
    name: 'an error that is markup is not shown, and runs nothing',
    async play(stage) {
      stage.emulator.fault({ on: 'auth', kind: 'html-error' })
      const visitor = await stage.visitor()
      visitor.page.on(
        'dialog',
        (dialog) => void dialog.dismiss().then(() => visitor.watch.complaints.push('dialog')),
      )
      await visitor.consent()
      await visitor.sees('That did not work')
      assert.equal(await visitor.page.locator('img, script').count(), 0)
      assert.doesNotMatch(await visitor.page.content(), /onerror|alert/)
      assertNothingDone(stage)
    },
  },
  {
    name: 'a callback longer than any server reads is refused by a status, and the app lives on',
    complaints: /status of 431/,
    async play(stage) {
      stage.emulator.fault({ on: 'auth', kind: 'long-parameter', bytes: LONG_BYTES })
      const visitor = await stage.visitor()
      const [answer] = await Promise.all([
        visitor.page.waitForResponse((response) => response.url().includes('/zoho/callback')),
        visitor.consent(),
      ])
      assert.equal(answer.status(), 431)
      // Node sends no body then, and the browser a page of its own.
      await visitor.page.waitForURL(/^chrome-error:/)
      assertNothingDone(stage)
      await visitor.connect()
    },
  },
]
