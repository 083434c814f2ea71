import { type Emulator, startEmulator } from '@zoho-auth/emulator'

/** Starts Zoho on loopback and points the `ZOHO_*` variables at it, unless they name a client of yours. */
export async function startEmulatorIfNeeded(): Promise<Emulator | undefined> {
  if (process.env.ZOHO_CLIENT_ID) return undefined
  const emulator = await startEmulator()
  Object.assign(process.env, emulator.env())
  console.log(`ZOHO_CLIENT_ID is not set, so this talks to an emulator of Zoho on ${emulator.url}`)
  return emulator
}
