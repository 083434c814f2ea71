import assert from 'node:assert/strict'
import { until } from '../../../support/within.mjs'
import type { Check } from '../check.js'
import type { ForeignSite } from '../foreign-site.js'
import type { Visitor } from '../visitor.js'

/** How long a frame may take to be blocked, in milliseconds (one minute): the machine may be busy. */
const FRAME_MS = 60_000

/** Where other pages come from: another site, and another origin of the same one. */
const SITES = [
  ['another site', ({ origin }: ForeignSite) => origin],
  ['another port of the same host', ({ neighbour }: ForeignSite) => neighbour],
] as const

/** A form that a page sends by itself, with fields. */
function autoForm(action: string, fields: Readonly<Record<string, string>> = {}): string {
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`)
  return `<form method="post" action="${action}">${inputs.join('')}</form><script>document.forms[0].submit()</script>`
}

/** That the app got a form with the session of its user: it was not a lack of cookies that stopped it. */
async function assertSentSignedIn({ watch }: Visitor, url: string): Promise<void> {
  await watch.settle()
  assert(watch.navigations.includes(`POST ${url}`), 'the form was not sent')
  const cookies = watch.sights.filter(
    ({ place, of, text }) => place === 'cookie' && of === url && text !== '',
  )
  assert(
    cookies.some(({ text }) => text.includes('session=acme')),
    'the form was sent without the session',
  )
}

export const OTHER_SITES: readonly Check[] = [
  ...SITES.map(
    ([site, of]): Check => ({
      name: `a form that ${site} sends by itself neither disconnects nor confirms`,
      async play(stage) {
        const visitor = await stage.visitor()
        await visitor.consent()
        await visitor.sees('Zoho is connected')
        for (const [path, fields] of [
          ['/zoho/disconnect', {}],
          ['/zoho/confirm', { answer: 'undo', ticket: 'guessed' }],
        ] as const) {
          const url = stage.app.origin + path
          stage.foreign.put('/trap', autoForm(url, fields))
          await visitor.open(`${of(stage.foreign)}/trap`)
          await visitor.sees('That did not work')
          await assertSentSignedIn(visitor, url)
        }
        assert.deepEqual([await visitor.userOfCall(), stage.grants], ['ada', ['ada in us']])
        assert.equal(stage.emulator.counters.revocations, 0)
      },
    }),
  ),
  {
    name: 'a script of another origin neither disconnects nor reads a page',
    // What the browser says of an answer that is not for that script.
    complaints: /CORS policy|net::ERR_FAILED|status of 4(00|09)/,
    async play(stage) {
      const visitor = await stage.visitor()
      await visitor.connect()
      for (const [, of] of SITES) {
        await visitor.open(of(stage.foreign))
        const outcome = await visitor.page.evaluate(async (app) => {
          const send = { method: 'POST', mode: 'no-cors', credentials: 'include' } as const
          const { type } = await fetch(`${app}/zoho/disconnect`, send)
          const read = fetch(`${app}/zoho/disconnect`, { credentials: 'include' })
          return [type, await read.then((answer) => answer.text()).catch((error: Error) => error.name)]
        }, stage.app.origin)
        assert.deepEqual(outcome, ['opaque', 'TypeError'])
      }
      assert.deepEqual([await visitor.userOfCall(), stage.emulator.counters.revocations], ['ada', 0])
    },
  },
  {
    name: 'no page of the flow can be framed, by the app itself neither',
    complaints: /frame-ancestors|ERR_BLOCKED_BY_RESPONSE|^error of chrome-error:.* status of 4/,
    async play(stage) {
      const visitor = await stage.visitor()
      await visitor.consent()
      await visitor.sees('Zoho is connected')
      for (const origin of [stage.app.origin, stage.foreign.neighbour, stage.foreign.origin])
        for (const path of ['/zoho/connected', '/zoho/disconnect', '/zoho/callback']) {
          await visitor.open(origin === stage.app.origin ? '/settings' : origin)
          await visitor.page.evaluate((src) => {
            const frame = document.createElement('iframe')
            const loaded = new Promise<void>((resolve) => frame.addEventListener('load', () => resolve()))
            frame.src = src
            document.body.append(frame)
            return loaded
          }, stage.app.origin + path)
          const blocked = async () => visitor.page.frames()[1]?.url().startsWith('chrome-error:') === true
          await until(FRAME_MS, `${origin} cannot frame ${path}`, blocked)
        }
    },
  },
  {
    name: 'a link whose returnTo leads elsewhere is refused at once, however it is spelled',
    async play(stage) {
      const visitor = await stage.visitor()
      const { foreign, app } = stage
      const host = new URL(foreign.origin).host
      for (const returnTo of [
        foreign.origin,
        `//${host}`,
        `///${host}`,
        `/\\${host}`,
        `/\t/${host}`,
        `/.//${host}`,
        `${app.origin}/settings`,
        `javascript:location='${foreign.origin}'`,
      ]) {
        const answer = await visitor.open(`/zoho/connect?returnTo=${encodeURIComponent(returnTo)}`)
        assert.equal(answer.status(), 400, returnTo)
        await visitor.sees('That did not work')
      }
      assert.deepEqual(
        (await visitor.context.cookies()).map(({ name }) => name),
        ['session'],
      )
      await visitor.watch.settle()
      const left = visitor.watch.navigations.filter((one) => !one.startsWith(`GET ${app.origin}/`))
      assert.deepEqual([left, foreign.visits], [[], []])
    },
  },
]
