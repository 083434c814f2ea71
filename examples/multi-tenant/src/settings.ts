/** What every process of the app is given, the same for all of them. `ZOHO_CLIENT_ID` and `ZOHO_CLIENT_SECRET` come on top. */
const NAMES = ['DATABASE_URL', 'REDIS_URL', 'ZOHO_AUTH_KEYS', 'SESSION_SECRET'] as const

const missing = NAMES.filter((name) => !process.env[name])
if (missing.length > 0) throw new Error(`not set: ${missing.join(', ')}; README.md says what each is`)

export const settings = process.env as Readonly<Record<(typeof NAMES)[number], string>>
