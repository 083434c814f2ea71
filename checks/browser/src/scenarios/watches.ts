import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { until } from '../../../support/within.mjs'
import { CLIENT_SECRETS } from '../apps/app.js'
import type { Check } from '../check.js'
import { leaksIn } from '../secrets.js'

/** How long a complaint may take to be heard, in milliseconds (ten seconds). */
const HEAR_MS = 10_000

/** None of the product's. */
const VERIFIER = 'a-verifier-of-this-check-that-is-long-enough-to-be-one'
const CODE = 'a-code-of-this-check-alone'

/** What every check looks for would be found: each is planted here once, and must be seen. */
export const WATCHES: readonly Check[] = [
  {
    name: 'the watch itself finds secrets and codes in each of the places it looks at',
    async play(stage) {
      const { emulator, foreign } = stage
      const { accessToken } = emulator.issueToken()
      const visitor = await stage.stranger()
      const { page, watch } = visitor
      const challenge = createHash('sha256').update(VERIFIER).digest('base64url')
      const packed = Buffer.from(JSON.stringify({ verifier: VERIFIER })).toString('base64url')
      foreign.put('/page', `${accessToken} ${CODE}`)

      await visitor.open(
        `${foreign.origin}/url?leak=${CLIENT_SECRETS.in}&code=${CODE}&code_challenge=${challenge}`,
      )
      await page.setExtraHTTPHeaders({ 'x-planted': emulator.refreshToken })
      await page.goto(`${foreign.origin}/header`)
      await page.setExtraHTTPHeaders({})
      await page.goto(`${foreign.origin}/referer`, { referer: `${foreign.origin}/?${CODE}` })
      await page.goto(`${foreign.origin}/page`)
      await page.evaluate((value) => fetch('/body', { method: 'POST', body: value }), CLIENT_SECRETS.us)
      await page.evaluate((value) => console.log(value), accessToken)
      await visitor.context.addCookies([{ name: 'planted', value: packed, url: foreign.origin }])
      await page.goto(`${foreign.origin}/cookie`)
      await watch.settle()

      const at = (path: string) => `${foreign.origin}/${path}`
      const leaks = new Set(leaksIn(watch.sights, emulator))
      for (const leak of [
        `a client secret in a url of ${at('url')}`,
        `a refresh token in a header of ${at('header')}`,
        `a code or state in a referer of ${at('referer')}`,
        `an access token in a page of ${at('page')}`,
        `a code or state in a page of ${at('page')}`,
        `a client secret in a body of ${at('body')}`,
        `an access token in a console of `,
        `a code verifier in a cookie of ${at('cookie')}`,
      ])
        assert(leaks.has(leak), `${leak} was not found, but ${[...leaks].join(', ')}`)
      assert.equal(leaks.has(`a code or state in a url of ${at('url')}`), false)
      await assert.rejects(stage.assertClean())
      watch.sights.length = 0
      await assert.rejects(stage.assertClean(), /cookie planted is for scripts/)
      await visitor.context.clearCookies()
    },
  },
  {
    name: 'the watch itself hears errors of scripts, of the console and of a page’s policy',
    complaints: /planted|img-src/,
    async play(stage) {
      const { foreign } = stage
      const visitor = await stage.stranger()
      await visitor.open(foreign.origin)
      await visitor.page.evaluate(async () => {
        console.error('planted for the console')
        setTimeout(() => {
          throw new Error('planted in a script')
        })
        const policy = document.createElement('meta')
        policy.httpEquiv = 'Content-Security-Policy'
        policy.content = "img-src 'none'"
        document.head.append(policy)
        const violated = new Promise((resolve) =>
          document.addEventListener('securitypolicyviolation', resolve),
        )
        const image = document.createElement('img')
        image.src = '/image'
        document.body.append(image)
        await violated
      })
      const heard = (text: string) => visitor.watch.complaints.some((one) => one.includes(text))
      for (const text of ['planted for the console', 'planted in a script', 'policy: img-src stopped'])
        await until(HEAR_MS, `a complaint “${text}”`, async () => heard(text))
      await assert.rejects(stage.assertClean())
    },
  },
]
