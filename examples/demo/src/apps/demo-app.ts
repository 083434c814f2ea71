import type { Customer } from '../customers.js'

/** An app as the load sees it. */
export interface DemoApp {
  readonly name: string
  /**
   * Reads candidates for a customer.
   *
   * @returns The Zoho user whose token the request carried, as the emulator saw it.
   * @throws an error with a `code`.
   */
  ask(customer: Customer): Promise<string>
  close(): Promise<void>
}

/** What Zoho Recruit answers; the emulator adds whom it took the request for. */
export interface Candidates {
  readonly data: readonly { readonly First_Name: string }[]
  readonly echo: { readonly user: string }
}

/**
 * Names the customer of a request. For the demo only: an app of yours takes it from what its sign-in has proved, never
 * from a header that anybody can set.
 */
export const CUSTOMER_HEADER = 'x-customer'

/** Asks an app that is an HTTP server. */
export async function askOverHttp(origin: string, customer: Customer): Promise<string> {
  const response = await fetch(`${origin}/candidates`, { headers: { [CUSTOMER_HEADER]: customer } })
  const { user, code } = (await response.json()) as { user?: string; code?: string }
  if (response.ok && user !== undefined) return user
  throw Object.assign(new Error('the app could not answer'), { code: code ?? `status ${response.status}` })
}
