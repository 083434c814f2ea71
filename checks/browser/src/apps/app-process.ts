/** The Express app in a process of its own. Its settings come as JSON in the first argument; it ends with its parent. */
import type { AppSettings } from './app.js'
import { startExpressApp } from './express-app.js'

const { origin } = await startExpressApp(JSON.parse(process.argv[2] ?? '{}') as AppSettings)
process.once('disconnect', () => process.exit())
process.send?.({ origin })
