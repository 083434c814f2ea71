import { isIP, type LookupFunction } from 'node:net'

/** Names below this are looked up here, and nowhere else. */
const ZONE = '.faults.test'

type Trouble = 'ENOTFOUND' | 'EAI_AGAIN' | 'silence'

const troubles = new Map<string, Trouble>()

/** A host name of loopback, whose look-up can fail. */
export function nameOf(id: string): string {
  return `${id}${ZONE}`
}

export function troubleName(name: string, trouble: Trouble | undefined): void {
  if (trouble === undefined) troubles.delete(name)
  else troubles.set(name, trouble)
}

/** Answers look-ups of such names in place of the resolver: nothing leaves this machine. `net` asks `dns.lookup` by name. */
export function answerNames(): void {
  const dns = process.getBuiltinModule('node:dns')
  const system = dns.lookup as unknown as LookupFunction
  const own: LookupFunction = (name, options, callback) => {
    if (isIP(name) !== 0 || !name.endsWith(ZONE)) return system(name, options, callback)
    const trouble = troubles.get(name)
    if (trouble === 'silence') return
    setImmediate(() => {
      if (trouble !== undefined) return callback(notFound(name, trouble), '')
      if (options.all) return callback(null, [{ address: '127.0.0.1', family: 4 }])
      callback(null, '127.0.0.1', 4)
    })
  }
  Object.assign(dns, { lookup: own })
}

function notFound(hostname: string, code: string): NodeJS.ErrnoException {
  const error = new Error(`getaddrinfo ${code} ${hostname}`)
  return Object.assign(error, { code, errno: -3008, syscall: 'getaddrinfo', hostname })
}
