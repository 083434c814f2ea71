import { engine } from '../engine.js'
import { axiosClients } from './axios.js'
import type { Client } from './client.js'
import { type ProxyApp, proxyApps, proxyClient } from './express.js'
import { fetchClients } from './fetch.js'
import { nestClient } from './nest.js'

/** Every client, and the apps with `zohoProxy`, all on one engine. */
export async function allClients(): Promise<{
  readonly clients: readonly Client[]
  /** One more client, which chooses its hosts itself. */
  readonly proxy: Client
  readonly apps: Readonly<Record<string, ProxyApp>>
}> {
  const auth = engine()
  const apps = await proxyApps(auth)
  const clients = [...fetchClients(auth), ...(await axiosClients(auth)), await nestClient(auth)]
  return { clients, apps, proxy: proxyClient(apps) }
}
