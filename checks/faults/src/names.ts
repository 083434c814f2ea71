import { AsyncLocalStorage } from 'node:async_hooks'
import { isIP, type LookupFunction } from 'node:net'

/** Names below this are looked up here, and nowhere else. */
const ZONE = '.faults.test'

/** Where the names of one case lead. */
export interface Names {
  readonly address: string
  /** How a look-up fails: with a code of the resolver, or never ending. */
  trouble: 'ENOTFOUND' | 'EAI_AGAIN' | 'silence' | undefined
}

const current = new AsyncLocalStorage<Names>()

/** A host name that leads where the case under way wants it to. */
export function nameOf(label: string): string {
  return `${label}${ZONE}`
}

/** Does what belongs to one case: names lead to its address meanwhile, also for what it begins and leaves behind. */
export function withNames<T>(names: Names, work: () => T): T {
  return current.run(names, work)
}

/**
 * Answers look-ups of such names in place of the resolver: nothing leaves this machine. `net` asks `dns.lookup` by name, and
 * `redis` its promise, to see which kind of network it is in.
 */
export function answerNames(): void {
  const dns = process.getBuiltinModule('node:dns')
  const system = dns.lookup as unknown as LookupFunction
  const own: LookupFunction = (name, options, callback) => {
    const names = current.getStore()
    if (isIP(name) !== 0 || !name.endsWith(ZONE) || names === undefined)
      return system(name, options, callback)
    const { address, trouble } = names
    if (trouble === 'silence') return
    setImmediate(() => {
      if (trouble !== undefined) callback(notFound(name, trouble), '')
      else if (options.all) callback(null, [{ address, family: 4 }])
      else callback(null, address, 4)
    })
  }
  const promised = (name: string, options: { readonly family?: number }) =>
    new Promise((resolve, reject) => {
      own(name, { ...options, all: false }, (error, address, family) =>
        error === null ? resolve({ address, family }) : reject(error),
      )
    })
  Object.assign(dns, { lookup: own })
  Object.assign(process.getBuiltinModule('node:dns/promises'), { lookup: promised })
}

function notFound(hostname: string, code: string): NodeJS.ErrnoException {
  const error = new Error(`getaddrinfo ${code} ${hostname}`)
  return Object.assign(error, { code, errno: -3008, syscall: 'getaddrinfo', hostname })
}
