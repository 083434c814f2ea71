import type { OpenedStores, OpenStores } from '@zoho-auth/core'

const PACKAGES: Readonly<Record<string, () => Promise<{ readonly openStores: OpenStores }>>> = {
  'file:': () => import('@zoho-auth/store-file'),
  async 'redis:'() {
    await import('redis')
    return import('@zoho-auth/store-redis')
  },
  async 'postgres:'() {
    await import('pg')
    return import('@zoho-auth/store-postgres')
  },
}

/**
 * Opens the stores of a URL. Their driver is loaded first, as by an app that makes its own client: sixty processes that
 * load one at the same moment on two cores take longer than a store may take to answer.
 */
export async function openStoresAt(url: string): Promise<OpenedStores> {
  const load = PACKAGES[new URL(url).protocol]
  if (load === undefined) throw new Error('no store has URLs like this')
  return (await load()).openStores(url)
}
