/** Two companies that use the same apps. Each has given the apps its own Zoho connection, named after it. */
export const CUSTOMERS = ['acme', 'globex'] as const

export type Customer = (typeof CUSTOMERS)[number]

/** Gives the customers turns. Those who are gone leave theirs to the first. */
export function customerOf(slot: number, gone: ReadonlySet<Customer>): Customer {
  const customer = CUSTOMERS[slot % CUSTOMERS.length] ?? CUSTOMERS[0]
  return gone.has(customer) ? CUSTOMERS[0] : customer
}
