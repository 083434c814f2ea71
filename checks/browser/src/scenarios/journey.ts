import assert from 'node:assert/strict'
import { until } from '../../../support/within.mjs'
import type { Check } from '../check.js'

/** How long the rest of an app may take to learn of a disconnection, in milliseconds (five seconds). */
const LEARN_MS = 5_000

/** What people do. For every framework. */
export const JOURNEY: readonly Check[] = [
  {
    name: 'connect, look, keep, use, disconnect: of the user, organisation and data centre that were chosen',
    async play(stage) {
      const { emulator } = stage
      const visitor = await stage.visitor()
      await visitor.consent({ user: 'Ada Lovelace', organization: 'Difference Works', dataCenter: 'in' })
      assert.deepEqual(await visitor.result(), {
        'Zoho user': 'ada@example.com',
        Organisation: 'Difference Works',
        'Data centre': 'in',
        Connection: 'acme',
        'May do': 'ZohoRecruit.modules.ALL, ZohoRecruit.org.READ, AaaServer.profile.READ',
      })
      assert.equal(new URL(visitor.page.url()).search, '')
      await visitor.button('Yes, keep it').click()
      await visitor.sees('Settings')

      const { status, echo } = await visitor.call()
      assert.deepEqual(
        [status, echo?.user, echo?.organization.name, echo?.dataCenter],
        [200, 'ada', 'Difference Works', 'in'],
      )
      assert.deepEqual(stage.grants, ['ada in in'])

      await visitor.page.getByRole('link', { name: 'Disconnect Zoho' }).click()
      await visitor.sees('Disconnect Zoho?')
      await visitor.button('Disconnect').click()
      await visitor.sees('Zoho is disconnected')
      const after = await visitor.call()
      assert.deepEqual([after.status, after.code], [409, 'ERR_ZOHO_REVOKED'])
      assert.deepEqual([stage.grants, emulator.counters.revocations], [[], 1])
      assert.equal(stage.challenges, 1)
    },
  },
  {
    name: '“No, undo”: a first account is disconnected at Zoho',
    async play(stage) {
      const visitor = await stage.visitor()
      await visitor.consent({ user: 'Grace Hopper' })
      await visitor.sees('Zoho is connected')
      await visitor.button('No, undo').click()
      await visitor.sees('Zoho is disconnected')
      assert.deepEqual([(await visitor.call()).status, stage.grants], [409, []])
      await visitor.page.getByRole('link', { name: 'Connect again' }).click()
      await visitor.answer({ user: 'Ada Lovelace' })
      assert.equal((await visitor.result())['Zoho user'], 'ada@example.com')
    },
  },
  {
    name: '“No, undo”: the account that was connected before is back',
    async play(stage) {
      const visitor = await stage.visitor()
      await visitor.connect({ user: 'Ada Lovelace', dataCenter: 'in' })
      assert.equal(await visitor.userOfCall(), 'ada')
      await visitor.consent({ user: 'Alan Turing', organization: 'Morphogenesis' })
      assert.equal((await visitor.result()).Organisation, 'Morphogenesis')
      assert.equal(await visitor.userOfCall(), 'alan')
      await visitor.button('No, undo').click()
      await visitor.sees('Zoho is connected as before')
      await until(LEARN_MS, 'the account before', async () => (await visitor.userOfCall()) === 'ada')
      await visitor.page.getByRole('link', { name: 'Back to the app' }).click()
      await visitor.sees('Settings')
    },
  },
  {
    name: 'a refusal at Zoho is said, and changes nothing',
    async play(stage) {
      const visitor = await stage.visitor()
      await visitor.connect({ user: 'Ada Lovelace' })
      await visitor.consent({ user: 'Grace Hopper', decision: 'Refuse' })
      await visitor.sees('That did not work')
      assert.match((await visitor.page.textContent('main')) ?? '', /The consent was not given at Zoho/)
      assert.deepEqual([await visitor.userOfCall(), stage.grants], ['ada', ['ada in us']])
    },
  },
]
