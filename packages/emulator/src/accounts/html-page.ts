import { createHash } from 'node:crypto'
import { type Answer, HTML_TYPE } from '../answer.js'

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --line: light-dark(#c8ccd4, #4a4f5a); --accent: light-dark(#0b5cad, #8fc4ff); }
body { margin: 0; background: light-dark(#eef1f5, #15181d); color: light-dark(#1b1f26, #e6e9ee); }
main { max-width: 34rem; margin: 2rem auto; padding: 1.5rem 2rem 2rem; border-radius: .75rem; background: light-dark(#fff, #1f242b); box-shadow: 0 1px 4px #0003; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: .5rem 0 1rem; }
p { margin: .5rem 0; overflow-wrap: anywhere; }
code, small { color: light-dark(#555c68, #a9b0bc); font-size: .85em; overflow-wrap: anywhere; }
.notice { margin: 0; font-size: .85rem; color: light-dark(#555c68, #a9b0bc); }
.problem { padding: .5rem .75rem; border-left: 4px solid light-dark(#b3261e, #ff8a80); background: light-dark(#fdecea, #3a2422); }
ul { margin: .5rem 0 1rem; padding-left: 1.2rem; }
li { margin: .3rem 0; }
li code { display: block; }
fieldset { margin: 1rem 0; padding: .5rem 1rem .75rem; border: 1px solid var(--line); border-radius: .5rem; }
legend { padding: 0 .3rem; font-weight: 600; }
label { display: block; padding: .2rem 0; }
input[type=radio] { width: 1.1rem; height: 1.1rem; margin: 0 .4rem 0 0; vertical-align: -.15rem; accent-color: var(--accent); }
input[type=text], select { font: inherit; width: 100%; box-sizing: border-box; margin-top: .2rem; padding: .4rem .5rem; border: 1px solid var(--line); border-radius: .4rem; background: light-dark(#fff, #15181d); color: inherit; }
.field { margin: 1rem 0; font-weight: 600; }
.field select, .field input { font-weight: 400; }
.buttons { display: flex; gap: .75rem; margin-top: 1.5rem; }
button { flex: 1; font: inherit; font-weight: 600; padding: .6rem 1rem; border: 1px solid var(--accent); border-radius: .5rem; background: transparent; color: var(--accent); cursor: pointer; }
button[value=accept] { background: var(--accent); color: light-dark(#fff, #10141a); }
:focus-visible { outline: 3px solid light-dark(#f2a33a, #ffce7a); outline-offset: 2px; }
@supports selector(:has(*)) {
  .of-user { display: none; }
  form:has(#user-ada:checked) .of-ada, form:has(#user-grace:checked) .of-grace, form:has(#user-alan:checked) .of-alan, form:has(#user-other:checked) .of-other { display: block; }
}
`

/**
 * Nothing but this style is loaded or run, and nobody frames the page.
 *
 * There is no `form-action`: browsers hold it against every redirect that follows a form, so that it would stop the
 * way back to an application that sends its users on to another origin.
 */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; base-uri 'none'; frame-ancestors 'none'`

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': POLICY,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/**
 * A page of the accounts server, in one style, without scripts.
 *
 * @param title Escaped already, as is `main`.
 */
export function htmlPage(status: number, title: string, outcome: string, main: string): Answer {
  const body = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><main>
<p class="notice">Emulator on this machine, not Zoho. No password is asked for.</p>
${main}
</main></body></html>
`
  return { status, body, contentType: HTML_TYPE, headers: HEADERS, outcome }
}

/** What the request log calls a page with these words. */
export function outcomeOf(words: string): string {
  return words.toLowerCase().replaceAll(' ', '-')
}

/** A page that says one thing. @param title Escaped already, as is `main`. */
export function notice(status: number, title: string, outcome: string, main = ''): Answer {
  return htmlPage(status, title, outcome, `<h1>${title}</h1>${main}`)
}
