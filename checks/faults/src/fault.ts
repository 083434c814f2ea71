/** How a connection ends: with RST, with FIN, or not at all: it stays, and nothing comes any more. */
export type Ending = 'reset' | 'end' | 'silence'

/** An HTTP answer as it came: its head up to and with the empty line, and its body. */
export interface HttpAnswer {
  readonly head: string
  readonly body: Buffer
}

/**
 * What happens between the library and a server. `up` is towards the server, `down` towards the library. Bytes are counted
 * from the moment the fault began; times are in milliseconds.
 */
export type Fault =
  /** Nobody listens; after `openAfterMs` somebody does again. */
  | { readonly do: 'close-port'; readonly openAfterMs?: number }
  /** The name of the server is unknown, cannot be looked up now, or the look-up never ends. */
  | { readonly do: 'name'; readonly how: 'ENOTFOUND' | 'EAI_AGAIN' | 'silence' }
  /** The library speaks TLS where the server does not. Accounts server only. */
  | { readonly do: 'tls' }
  /**
   * The connection ends: as soon as it is accepted; when a request has come, which is not handed on; or when the request was
   * handed on, after `bytes` of the answer.
   */
  | {
      readonly do: 'cut'
      readonly at: 'accept' | 'request' | 'answer'
      readonly how: Ending
      readonly bytes?: number
    }
  /** Everything comes `lateMs` later, then in slices of `bytes` with `everyMs` between them. */
  | {
      readonly do: 'slow'
      readonly way: 'up' | 'down'
      readonly lateMs?: number
      readonly bytes?: number
      readonly everyMs?: number
    }
  /** After `bytes` of the answer the rest comes `ms` later. */
  | { readonly do: 'stall'; readonly bytes: number; readonly ms: number }
  /** Something else is said in place of an answer. The request is not handed on. */
  | {
      readonly do: 'say'
      readonly at: 'accept' | 'request'
      readonly bytes: string | Buffer
      /** Default: the connection stays. */
      readonly ends?: 'reset' | 'end'
    }
  /** The request was handed on, and its answer becomes another one. HTTP only. */
  | {
      readonly do: 'rewrite'
      readonly answer: (answer: HttpAnswer) => string | Buffer
      readonly ends?: Ending
    }
  /** Every byte of the answer comes twice. */
  | { readonly do: 'double' }
  /** The server ends its direction at once, and goes on reading. */
  | { readonly do: 'half-close' }
  /**
   * Connections that are there fall silent for good, as after a lost NAT entry; new ones are fine. `opened`: those that are
   * opened during the fault as well.
   */
  | { readonly do: 'dead-links'; readonly opened?: true }

/** Whether a fault shows when a connection is opened: those that are open must go first. */
export function isAtOpening(fault: Fault): boolean {
  if (fault.do === 'close-port' || fault.do === 'name' || fault.do === 'tls' || fault.do === 'half-close')
    return true
  return (fault.do === 'cut' || fault.do === 'say') && fault.at === 'accept'
}
