import type { OpenedStores, OpenStores } from '@zoho-auth/core/store'

const PACKAGES: Readonly<Record<string, () => Promise<{ readonly openStores: OpenStores }>>> = {
  'file:': () => import('@zoho-auth/store-file'),
  'redis:': () => import('@zoho-auth/store-redis'),
  'postgres:': () => import('@zoho-auth/store-postgres'),
}

/** Opens the stores of a URL, as `ZOHO_AUTH_STORE` does. */
export async function openStoresAt(url: string): Promise<OpenedStores> {
  const load = PACKAGES[new URL(url).protocol]
  if (load === undefined) throw new Error('no store has URLs like this')
  return (await load()).openStores(url)
}
