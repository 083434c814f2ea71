/** The emulator in a process of its own. Its options come as JSON in the first argument; it ends with its parent. */
import { type EmulatorOptions, startEmulator } from '@zoho-auth/emulator'

const emulator = await startEmulator(JSON.parse(process.argv[2] ?? '{}') as EmulatorOptions)
process.once('disconnect', () => process.exit())
const { url, accountsUrls, clientId, clientSecret } = emulator
process.send?.({ url, accountsUrls, clientId, clientSecret })
