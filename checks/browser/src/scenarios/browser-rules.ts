import assert from 'node:assert/strict'
import type { Check } from '../check.js'

/** What is left to the browser, and whether it does it. */
export const BROWSER_RULES: readonly Check[] = [
  {
    name: '__Host- cookies are kept on http loopback, for this host alone, and no script sees them',
    async play(stage) {
      const visitor = await stage.visitor()
      await visitor.open('/zoho/connect')
      const kept = async () =>
        (await visitor.context.cookies())
          .filter(({ name }) => name.startsWith('__Host-'))
          .map(({ name, domain, path, httpOnly, secure, sameSite }) =>
            [name, domain, path, httpOnly, secure, sameSite].join(' '),
          )
      assert.deepEqual(await kept(), ['__Host-zoho-connect localhost / true true Lax'])
      await visitor.answer()
      await visitor.sees('Zoho is connected')
      assert((await kept()).includes('__Host-zoho-connected localhost / true true Lax'))
      assert.equal(await visitor.page.evaluate('document.cookie'), '')
    },
  },
  {
    name: 'Zoho’s page and the pages after it learn no address of the app’s but its origin',
    async play(stage) {
      const visitor = await stage.visitor()
      await visitor.connect()
      await visitor.watch.settle()
      const app = stage.app.origin
      const told = visitor.watch.sights.filter(({ place, of }) => place === 'referer' && !of.startsWith(app))
      assert.deepEqual(
        told.filter(({ text }) => text !== `${app}/`),
        [],
      )
      const own = visitor.watch.sights.filter(({ place, of }) => place === 'referer' && of.startsWith(app))
      assert(own.length > 0, 'no Referer was seen at all')
      assert.deepEqual(
        own.filter(({ text }) => text !== `${app}/settings`),
        [],
      )
    },
  },
]
