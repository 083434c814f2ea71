import type { AuthFault } from '../faults.js'

/** A host that is nobody's: RFC 2606 reserves `.example`. */
const FOREIGN_HOST = 'foreign.example'

/** Length of the parameter of `long-parameter` if the fault names none: 1 MiB. */
const LONG_BYTES = 1_048_576

const SCRIPT = '"><script>alert(1)</script>'

/**
 * Makes a callback lie, in the way the fault asks for.
 *
 * A client must take none of these for an answer: what it believes, it sends its client secret to.
 */
export function spoilCallback(answer: URLSearchParams, fault: AuthFault): void {
  switch (fault.kind) {
    case 'foreign-accounts-server':
      answer.set('accounts-server', fault.value)
      break
    case 'accounts-server-look-alike':
      changeServer(answer, (url) => {
        url.hostname += `.${FOREIGN_HOST}`
        return url.origin
      })
      break
    case 'accounts-server-encoded':
      // once more than a query needs: it decodes to `http%3A%2F%2F…`
      changeServer(answer, (url) => encodeURIComponent(url.origin))
      break
    case 'accounts-server-userinfo':
      changeServer(answer, (url) => `${url.origin}@${FOREIGN_HOST}`)
      break
    case 'accounts-server-port':
      changeServer(answer, (url) => {
        url.port = '1'
        return url.origin
      })
      break
    case 'accounts-server-path':
      changeServer(answer, (url) => `${url.origin}/../${FOREIGN_HOST}`)
      break
    case 'accounts-server-http':
      answer.set('accounts-server', 'http://accounts.zoho.com')
      break
    case 'no-accounts-server':
      answer.delete('accounts-server')
      break
    case 'doubled-accounts-server':
      answer.append('accounts-server', `https://${FOREIGN_HOST}`)
      break
    case 'unknown-location':
      answer.set('location', fault.value ?? 'mars')
      break
    case 'no-location':
      answer.delete('location')
      break
    case 'wrong-state':
      answer.set('state', 'a-state-nobody-sent')
      break
    case 'no-state':
      answer.delete('state')
      break
    case 'doubled-state':
      answer.append('state', 'a-state-nobody-sent')
      break
    case 'no-code':
      answer.delete('code')
      break
    case 'doubled-code':
      answer.append('code', 'a-code-nobody-made')
      break
    case 'html-error':
      for (const name of ['code', 'location', 'accounts-server']) answer.delete(name)
      answer.set('error', `access_denied${SCRIPT}`)
      answer.set('error_description', `<img src=x onerror=alert(1)>${SCRIPT}`)
      break
    case 'long-parameter':
      answer.set(fault.name ?? 'filler', 'x'.repeat(fault.bytes ?? LONG_BYTES))
      break
  }
}

/** Leaves the callback of a refusal alone: it names no accounts server. */
function changeServer(answer: URLSearchParams, change: (url: URL) => string): void {
  const server = answer.get('accounts-server')
  if (server !== null) answer.set('accounts-server', change(new URL(server)))
}
