import { setTimeout as sleep } from 'node:timers/promises'

/** How long a process may take to listen, and how often it is asked, in milliseconds. */
const START_MS = 60_000
const POLL_MS = 100

/** Signs in as a user of each tenant on the first process, and asks every process for candidates. @returns Whether all could. */
export async function tryOut(ports: readonly number[]): Promise<boolean> {
  const origins = ports.map((port) => `http://127.0.0.1:${port}`)
  await Promise.all(origins.map(untilUp))
  const statuses: number[] = []
  for (const user of ['ada', 'grace']) {
    const signedIn = await fetch(`${origins[0]}/sign-in/${user}`, { method: 'POST' })
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
    for (const origin of origins) {
      const answer = await fetch(`${origin}/candidates`, { headers: { cookie } })
      const { echo } = (await answer.json()) as { echo?: { user: string; dataCenter: string } }
      const whose = echo && `, Zoho saw ${echo.user} in data centre ${echo.dataCenter}`
      console.log(`${user} at ${origin}: ${answer.status}${whose ?? ''}`)
      statuses.push(answer.status)
    }
  }
  return statuses.every((status) => status === 200)
}

async function untilUp(origin: string): Promise<void> {
  const end = Date.now() + START_MS
  while (Date.now() < end) {
    const answer = await fetch(`${origin}/healthz`).catch(() => undefined)
    if (answer?.ok) return
    await sleep(POLL_MS)
  }
  throw new Error(`${origin} does not answer`)
}
