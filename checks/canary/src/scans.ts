import { setImmediate } from 'node:timers/promises'
import type { Canaries, Hit, SecretKind } from './secrets.js'
import { SINKS } from './sinks.js'

/** Something that is not as it must be: a secret in sinks, a situation that did not come about, a hang. */
interface Failure {
  readonly what: string
  readonly sinks: Set<string>
}

/** Sinks of the whole run, each with how often something was read there. */
const read = new Map<string, number>()

/** Names of the sinks in which something was read. */
export const sinksRead = (): ReadonlySet<string> => new Set(read.keys())

/** What one group of cases counted. */
export class Scans {
  readonly #canaries: Canaries
  readonly #failures = new Map<string, Failure>()
  /** One for each reading of a sink and set of secrets: those of its own request, and those of all others. */
  trials = 0
  hits = 0

  constructor(canaries: Canaries) {
    this.#canaries = canaries
  }

  /**
   * Looks for secrets in what a sink showed. Nothing shown is no reading, and not counted.
   *
   * @param owner Whose request it belongs to; `undefined` where it belongs to nobody's, and one scan looks for everybody's.
   * @param may Kinds that belong here, as a state does into the URL that a browser is sent to.
   */
  text(
    name: string,
    sink: string,
    text: string,
    owner: string | undefined,
    may: readonly SecretKind[] = [],
  ): void {
    if (text === '') return
    read.set(sink, (read.get(sink) ?? 0) + 1)
    this.trials += owner === undefined ? 1 : 2
    for (const hit of this.#canaries.find(text)) {
      if (may.includes(hit.kind)) continue
      this.hits += 1
      this.fail(name, toldOf(hit, owner), sink)
    }
  }

  /** Reads a value in every way there is. Everything else goes on in between, as requests that are under way. */
  async value(name: string, value: unknown, owner: string | undefined): Promise<void> {
    for (const [sink, look] of SINKS) {
      await setImmediate()
      this.text(name, sink, look(value), owner)
    }
  }

  /** @param name Of the case: with `--only` and this, it is played alone. */
  fail(name: string, what: string, sink?: string): void {
    const key = `${name}\n  ${what}`
    const failure = this.#failures.get(key) ?? { what: key, sinks: new Set() }
    this.#failures.set(key, failure)
    if (sink !== undefined) failure.sinks.add(sink)
  }

  /** A text for each failure, with the sinks in which the same was seen. */
  get failures(): readonly string[] {
    return [...this.#failures.values()].map(({ what, sinks }) =>
      sinks.size === 0 ? what : `${what}\n  in: ${[...sinks].join(', ')}`,
    )
  }
}

function toldOf({ kind, owner: of, form, after }: Hit, owner: string | undefined): string {
  const whose = of === undefined ? 'the app' : of === owner ? 'this request' : 'ANOTHER REQUEST'
  return `${kind} of ${owner === undefined ? 'somebody' : whose}, ${form}, after ${JSON.stringify(after.slice(-40))}`
}
