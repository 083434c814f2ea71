import assert from 'node:assert/strict'
import type { Check } from '../check.js'

/** What browsers and people do more than once. */
export const REPEATS: readonly Check[] = [
  {
    name: 'a callback that is loaded again, and in a second tab, shows the same result; after “keep” it is over',
    async play(stage) {
      const visitor = await stage.visitor()
      const callback = await visitor.heldCallback({ user: 'grace' })
      for (let time = 0; time < 2; time++) {
        await visitor.open(callback)
        assert.equal((await visitor.result())['Zoho user'], 'grace@example.com')
      }
      const second = await visitor.context.newPage()
      await visitor.open(callback, second)
      await visitor.sees('Zoho is connected', second)
      await second.reload()
      await visitor.sees('Zoho is connected', second)
      await second.getByRole('button', { name: 'Yes, keep it' }).click()
      await visitor.sees('Settings', second)
      assert.equal((await visitor.open(callback)).status(), 400)
      await visitor.sees('That did not work')
      assert.deepEqual([stage.emulator.counters.tokenRequests, stage.grants], [1, ['grace in us']])
    },
  },
  {
    name: 'Back after “keep” shows nothing that was kept by the browser',
    async play(stage) {
      const visitor = await stage.visitor()
      await visitor.connect()
      await visitor.page.goBack()
      await visitor.sees('That did not work')
      assert.equal(await visitor.userOfCall(), 'ada')
    },
  },
  {
    name: 'two tabs at once: each consent has its own state',
    async play(stage) {
      const visitor = await stage.visitor()
      const first = await visitor.heldCallback()
      const second = await visitor.heldCallback({ user: 'grace' })
      for (const [callback, user] of [
        [first, 'ada@example.com'],
        [second, 'grace@example.com'],
      ] as const) {
        await visitor.open(callback)
        assert.equal((await visitor.result())['Zoho user'], user)
      }
    },
  },
  {
    name: 'a place to return to that goes on to another origin is reached from the result page',
    async play(stage) {
      const { foreign } = stage
      const visitor = await stage.visitor()
      const returnTo = `/elsewhere?to=${encodeURIComponent(`${foreign.origin}/frontend`)}`
      await visitor.open(`/zoho/connect?returnTo=${encodeURIComponent(returnTo)}`)
      await visitor.answer()
      await visitor.sees('Zoho is connected')
      await visitor.button('Yes, keep it').click()
      await visitor.sees('A foreign page')
      assert.deepEqual(
        foreign.visits.filter((visit) => !visit.includes('favicon')),
        ['GET /frontend'],
      )
    },
  },
]
