import { TestEnvironment } from 'jest-environment-node'

// Jest runs each test file in a vm context with its own Error, TypeError, ... so an error that Node itself made
// (fetch, fs, crypto) is not `instanceof Error` there, as it is in production (jestjs/jest #2549). openid-client
// tells a refused connection by `instanceof TypeError`. Accept both, so that tests see what production sees.
const names = [
  'Error',
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ReferenceError',
  'EvalError',
  'URIError',
  'AggregateError',
  'Object',
  'Array',
  'Map',
  'Set',
  'Date',
  'Promise',
  'RegExp',
  'Function',
]
const ordinary = Function.prototype[Symbol.hasInstance]

export default class NodeRealmEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context)
    for (const name of names) {
      const inner = this.global[name]
      const outer = globalThis[name]
      if (!inner || inner === outer) continue
      Object.defineProperty(inner, Symbol.hasInstance, {
        configurable: true,
        value(candidate) {
          return ordinary.call(this, candidate) || (this === inner && ordinary.call(outer, candidate))
        },
      })
    }
  }
}
