import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net, { type Socket } from 'node:net'
import tls from 'node:tls'

/** Whom a connection was opened to, as its client asked for it. */
export interface Hop {
  readonly host: string
  readonly port: number
  /** Whether nobody but this host can read it. */
  isTls: boolean
}

type Connect = (this: Socket, ...args: unknown[]) => Socket

/** By connection: the host itself, and before it the forward proxy that opened a tunnel to it. */
const hopsOfSocket = new WeakMap<Socket, Hop[]>()
const hopsOfPort = new Map<number, Hop[]>()
const own = new Set<number>()

/** Lets this process reach a server of its own on loopback. */
export function admit(port: number): void {
  own.add(port)
}

/** The hops of a connection that a server accepted. To be asked for when its first bytes are there. */
export function hopsOf(accepted: Socket): Hop[] {
  const known = hopsOfSocket.get(accepted) ?? hopsOfPort.get(accepted.remotePort ?? -1)
  if (known === undefined) throw new Error('a connection that nobody here has opened')
  hopsOfSocket.set(accepted, known)
  return known
}

/**
 * From here on every connection that this process opens leads to one port on loopback, whatever host was asked for. No
 * name is looked up. TLS is left out: a connection that asked for it is remembered as one that did.
 *
 * All clients in Node, `fetch` included, open their connections here. Never undone.
 */
export function leadEverythingTo(port: number): void {
  const { connect } = net.Socket.prototype as unknown as { connect: Connect }
  const led: Connect = function (this: Socket, ...args) {
    const [options, listener] = argumentsOf(args)
    if (options.path) throw new Error('no sockets in the file system')
    const hop = { host: plainHost(options.host ?? 'localhost'), port: Number(options.port), isTls: false }
    const isOwn = hop.host === '127.0.0.1' && own.has(hop.port)
    const hops = [hop]
    hopsOfSocket.set(this, hops)
    // A client writes after this, so that the server finds it.
    if (!isOwn) this.prependOnceListener('connect', () => hopsOfPort.set(this.localPort ?? -1, hops))
    return connect.call(this, { host: '127.0.0.1', port: isOwn ? hop.port : port }, listener)
  }
  Object.assign(net.Socket.prototype, { connect: led })
  Object.assign(tls, { connect: connectLikeTls })
  const { lookup } = dns
  const refuse = (name: string, ...rest: unknown[]): unknown => {
    // A server that listens asks for its own address too.
    if (net.isIP(name) === 0) throw new Error(`a look-up of ${name} would leave this process`)
    return (lookup as (...args: unknown[]) => unknown)(name, ...rest)
  }
  Object.assign(dns, { lookup: refuse, resolve: refuse, resolve4: refuse, resolve6: refuse })
  Object.assign(dns.promises, { lookup: refuse, resolve: refuse, resolve4: refuse, resolve6: refuse })
  syncBuiltinESMExports()
}

/** Some clients leave the brackets of a URL around an address. */
export function plainHost(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}

function connectLikeTls(...args: unknown[]): Socket {
  const [options, onSecure] = argumentsOf(args)
  const { socket: under } = options
  const socket = under ?? net.connect({ host: options.host ?? 'localhost', port: Number(options.port) })
  const hop = hopsOfSocket.get(socket)?.at(-1)
  if (hop === undefined) throw new Error('TLS on a connection that nobody here has opened')
  hop.isTls = true
  const isSecure = () => socket.emit('secureConnect')
  if (onSecure) socket.once('secureConnect', onSecure)
  if (under === undefined) socket.once('connect', isSecure)
  else process.nextTick(isSecure)
  return Object.assign(socket, { encrypted: true, authorized: true, alpnProtocol: false })
}

interface ConnectOptions {
  readonly host?: string
  readonly port?: number | string
  readonly path?: string
  readonly socket?: Socket
}

/** The forms in which Node and its users call `connect`. */
function argumentsOf(
  args: readonly unknown[],
): [options: ConnectOptions, listener: (() => void) | undefined] {
  const [first, second] = args
  // As `net.connect` hands them on.
  if (Array.isArray(first)) return first as unknown as [ConnectOptions, () => void]
  const parts = args.filter((arg) => typeof arg === 'object' && arg !== null)
  const options: ConnectOptions = Object.assign({}, ...parts)
  const port = typeof first === 'number' || typeof first === 'string' ? { port: first } : {}
  const host = typeof second === 'string' ? { host: second } : {}
  const listener = args.findLast((arg) => typeof arg === 'function') as (() => void) | undefined
  return [{ ...options, ...port, ...host }, listener]
}
