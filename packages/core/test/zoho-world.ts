import type { Emulator } from '@zoho-auth/emulator'
import { TLD, WORLD } from '../../../checks/support/zoho-hosts.mjs'

/** Whose host it is; `us` for one that is nobody's. */
function dataCenterOf(host: string): string {
  const listed = WORLD.find(({ url }) => new URL(url).host === host)
  const below = Object.keys(TLD).find((dataCenter) =>
    [`.zoho.${TLD[dataCenter]}`, `.zohocloud.${TLD[dataCenter]}`, `.zohoapis.${TLD[dataCenter]}`].some(
      (domain) => host.endsWith(domain),
    ),
  )
  return listed?.dataCenter ?? below ?? 'us'
}

/** The emulator as the whole of Zoho: requests to any of its hosts go to loopback, and tell there which host was meant. */
export function worldFetch(emulator: Emulator): typeof fetch {
  return (input, init) => {
    const { host, pathname, search } = new URL(input instanceof Request ? input.url : input)
    const base = emulator.accountsUrls[dataCenterOf(host) as 'us']
    if (base === undefined) throw new Error(`the emulator has no data centre for ${host}`)
    const headers = new Headers(init?.headers)
    headers.set('x-forwarded-host', host)
    return fetch(`${base}${pathname}${search}`, { ...init, headers })
  }
}
