import assert from 'node:assert/strict'
import type { Check } from '../check.js'

/** A callback belongs to the browser and the tenant that began it. */
export const OTHER_PEOPLE: readonly Check[] = [
  {
    name: 'a callback in another browser of the same tenant is refused; the first browser can still finish',
    async play(stage) {
      const ada = await stage.visitor()
      const callback = await ada.heldCallback()
      const other = await stage.visitor()
      assert.equal((await other.open(callback)).status(), 400)
      await other.sees('That did not work')
      assert.equal(stage.emulator.counters.tokenRequests, 0)
      await ada.open(callback)
      assert.equal((await ada.result())['Zoho user'], 'ada@example.com')
    },
  },
  {
    name: 'an attacker’s callback in a victim’s browser that has a consent of its own under way is refused',
    async play(stage) {
      const attacker = await stage.visitor('attacker')
      const callback = await attacker.heldCallback({ user: 'alan' })
      const victim = await stage.visitor()
      await victim.heldCallback()
      assert.equal((await victim.open(callback)).status(), 400)
      assert.deepEqual([stage.emulator.counters.tokenRequests, stage.grants], [0, []])
    },
  },
  {
    name: 'a callback of somebody who is not signed in to the app is refused',
    async play(stage) {
      const ada = await stage.visitor()
      const callback = await ada.heldCallback()
      const stranger = await stage.stranger()
      assert.equal((await stranger.open(callback)).status(), 409)
      assert.equal((await stranger.open('/zoho/connect')).status(), 409)
      assert.equal((await stranger.open('/zoho/disconnect')).status(), 409)
      assert.equal(stage.emulator.counters.tokenRequests, 0)
    },
  },
  {
    name: 'a callback after somebody else has signed in, in the same browser, is refused',
    async play(stage) {
      const visitor = await stage.visitor('acme')
      const callback = await visitor.heldCallback()
      await visitor.signIn('globex')
      assert.equal((await visitor.open(callback)).status(), 400)
      await visitor.sees('That did not work')
      assert.deepEqual([stage.emulator.counters.tokenRequests, stage.grants], [0, []])
    },
  },
]
