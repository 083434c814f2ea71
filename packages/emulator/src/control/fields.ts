/** What the caller of the control API got wrong. */
export class BadRequest extends TypeError {
  override readonly name = 'BadRequest'
}

type Kinds = {
  readonly text: string
  readonly number: number
  readonly flag: boolean
  readonly texts: readonly string[]
}

const IS: { readonly [Kind in keyof Kinds]: (value: unknown) => value is Kinds[Kind] } = {
  text: (value): value is string => typeof value === 'string' && value !== '',
  number: (value): value is number => typeof value === 'number' && Number.isFinite(value),
  flag: (value) => typeof value === 'boolean',
  texts: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
}

const WORDS: Readonly<Record<keyof Kinds, string>> = {
  text: 'a string that is not empty',
  number: 'a number',
  flag: 'true or false',
  texts: 'a list of strings',
}

/** The fields of a JSON body, each asked for by name and kind. A field that nobody asks for is a mistake. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>
  readonly #asked = new Set<string>()

  /** @throws {BadRequest} unless the text is a JSON object; an empty text is one without fields. */
  constructor(text: string) {
    this.#values = text.trim() === '' ? {} : objectFrom(text)
  }

  /** All fields as they came. */
  all(): Readonly<Record<string, unknown>> {
    for (const name of Object.keys(this.#values)) this.#asked.add(name)
    return this.#values
  }

  optional<Kind extends keyof Kinds>(name: string, kind: Kind): Kinds[Kind] | undefined {
    this.#asked.add(name)
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined
    if (value === undefined) return undefined
    const is: (value: unknown) => value is Kinds[Kind] = IS[kind]
    if (!is(value)) throw new BadRequest(`${name} must be ${WORDS[kind]}`)
    return value
  }

  required<Kind extends keyof Kinds>(name: string, kind: Kind): Kinds[Kind] {
    const value = this.optional(name, kind)
    if (value === undefined) throw new BadRequest(`${name} is missing; it must be ${WORDS[kind]}`)
    return value
  }

  /** @throws {BadRequest} for a field that nobody asked for. */
  done(): void {
    const unknown = Object.keys(this.#values).filter((name) => !this.#asked.has(name))
    if (unknown.length > 0) throw new BadRequest(`unknown field ${unknown.join(', ')}`)
  }
}

function objectFrom(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new BadRequest('the body must be JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadRequest('the body must be a JSON object')
  return value as Readonly<Record<string, unknown>>
}
