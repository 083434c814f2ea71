import { Readable } from 'node:stream'
import type { DataCenter, Product } from '@zoho-auth/core'
import type { Parcel } from '../tables/redirects.js'

/** One request, as an app would write it. */
export interface Sending {
  /** Goes along as the header `x-case`, by which the request is known again where it arrives. */
  readonly id: string
  readonly dataCenter: DataCenter
  readonly url: string
  readonly baseURL?: string
  readonly allowAbsoluteUrls?: false
  readonly product?: Product
  readonly parcel?: Parcel
}

/** A way in which apps send requests with a token. */
export interface Client {
  readonly name: string
  /** axios' options `baseURL` and `allowAbsoluteUrls` mean something to it. */
  readonly takesBases: boolean
  /** Takes a path alone, with the name of a product. */
  readonly takesPaths: boolean
  /** Whether a URL gets a token in every spelling that a URL parser accepts, or only where it is spelt out in full. */
  readonly readsEverySpelling: boolean
  /** Along which redirects it takes a token. */
  readonly carries: 'to Zoho' | 'to the same origin' | 'nowhere'
  /** How it treats a forward proxy; one that would read along gets nothing. */
  readonly proxy: 'none' | 'tunnel' | 'reads along'
  /** Whether it keeps bodies from hosts off the list, as `zoho.fetch` does. */
  readonly keepsBodies: boolean
  /** Variables of the process that it needs. */
  readonly environment?: Readonly<Record<string, string>>
  send(sending: Sending): Promise<unknown>
}

/** What most clients are. */
export const USUAL = {
  takesBases: false,
  takesPaths: true,
  readsEverySpelling: false,
  carries: 'to Zoho',
  proxy: 'none',
  keepsBodies: false,
} as const

/** A forward proxy that nobody but this suite knows. */
export const PROXY = { protocol: 'http', host: 'proxy.test', port: 8080 } as const
export const PROXY_URL: string = `${PROXY.protocol}://${PROXY.host}:${PROXY.port}`

/** By it a body is known again. */
export const BODY = 'the-body-of-the-caller'

export function bodyOf(parcel: Parcel | undefined): unknown {
  switch (parcel?.body) {
    case 'text':
      return BODY
    case 'form':
      return new URLSearchParams({ name: BODY })
    case 'bytes':
      return Buffer.from(BODY)
    case 'multipart': {
      const form = new FormData()
      form.set('name', BODY)
      return form
    }
    case 'stream':
      return Readable.from([Buffer.from(BODY)])
    default:
      return undefined
  }
}
