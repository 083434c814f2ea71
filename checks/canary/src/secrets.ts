/** Secrets that a run really used, and a search for them in any text. */

export type SecretKind =
  | 'access token'
  | 'authorization code'
  | 'client secret'
  | 'code verifier'
  | 'encryption key'
  | 'refresh token'
  | 'state'

/** One canary: a value that was made for this run, and that nothing but a leak can bring anywhere. */
export interface Secret {
  readonly kind: SecretKind
  readonly value: string
  /** Whose it is. `undefined`: of the whole app, and so of every request. */
  readonly owner: string | undefined
}

/** A secret in a text. Never holds the secret itself. */
export interface Hit {
  readonly kind: SecretKind
  readonly owner: string | undefined
  readonly form: string
  /** What stands before it. */
  readonly after: string
}

/** So many characters of a form at its beginning or its end count as the secret. */
const WINDOW = 16

/** Windows are found by parts of this length, looked up at every ninth character: each window holds one that is looked up. */
const PART = 8
const STEP = WINDOW - PART + 1

/** How much of a text is shown before a hit, in characters. */
const SHOWN = 80

/** How a secret can stand in a text. */
export const FORMS: Readonly<Record<string, (value: string) => readonly string[]>> = {
  plain: (value) => [value],
  'URL-encoded': (value) => [
    encodeURIComponent(value),
    new URLSearchParams({ '': value }).toString().slice(1),
  ],
  'JSON-escaped': (value) => [inJson(value), inJson(inJson(value))],
  base64: (value) => inBase64(value, 'base64'),
  base64url: (value) => inBase64(value, 'base64url'),
  reversed: (value) => [Array.from(value).reverse().join('')],
  hex: (value) => [Buffer.from(value).toString('hex')],
  'bytes as inspect shows them': (value) => [
    [...Buffer.from(value)].map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
  ],
}

const inJson = (value: string): string => JSON.stringify(value).slice(1, -1)

/** The characters that stay the same wherever in a longer text the value stands: it can begin at three places of a group. */
function inBase64(value: string, encoding: 'base64' | 'base64url'): readonly string[] {
  return [0, 1, 2].map((before) => {
    const bytes = Buffer.from('.'.repeat(before) + value)
    return bytes.toString(encoding).slice(Math.ceil((before * 4) / 3), Math.floor((bytes.length * 4) / 3))
  })
}

interface Needle {
  readonly text: string
  readonly form: string
  readonly secret: Secret
  /** Where in the needle the part begins by which it is looked up. */
  readonly at: number
}

export class Canaries {
  readonly #secrets = new Map<string, Secret>()
  readonly #parts = new Map<string, Needle[]>()

  get all(): readonly Secret[] {
    return [...this.#secrets.values()]
  }

  /** Remembers a secret once. @throws TypeError for one that is too short to be told from other text. */
  add(kind: SecretKind, value: string, owner: string | undefined): void {
    if (this.#secrets.has(value)) return
    if (value.length < WINDOW) throw new TypeError(`a ${kind} of ${value.length} characters is no canary`)
    const secret = { kind, value, owner }
    this.#secrets.set(value, secret)
    const windows = new Set<string>()
    for (const [form, texts] of Object.entries(FORMS))
      for (const text of texts(value))
        for (const window of [text.slice(0, WINDOW), text.slice(-WINDOW)]) {
          if (windows.has(window)) continue
          windows.add(window)
          this.#index(window, form, secret)
        }
  }

  #index(text: string, form: string, secret: Secret): void {
    for (let at = 0; at < STEP; at++) {
      const part = text.slice(at, at + PART)
      const needles = this.#parts.get(part)
      const needle = { text, form, secret, at }
      if (needles === undefined) this.#parts.set(part, [needle])
      else needles.push(needle)
    }
  }

  /** Every secret that stands in a text, in whatever form, each once. */
  find(text: string): readonly Hit[] {
    const hits = new Map<Secret, Hit>()
    for (let place = 0; place + PART <= text.length; place += STEP)
      for (const { text: window, form, secret, at } of this.#parts.get(text.slice(place, place + PART)) ??
        []) {
        const start = place - at
        if (start < 0 || !text.startsWith(window, start) || hits.has(secret)) continue
        const after = text.slice(Math.max(0, start - SHOWN), start).replaceAll(/[\w.-]{16,}/g, '…')
        hits.set(secret, { kind: secret.kind, owner: secret.owner, form, after })
      }
    return [...hits.values()]
  }
}
