/**
 * The names Zoho gives its data centres, as they appear in `location` and `serverinfo`.
 *
 * Source: Zoho Accounts, "Multi DC" page, plus `cn` (its own accounts server) and `ae`, `sg` (seen in `serverinfo`).
 */
export const DATA_CENTERS = ['us', 'eu', 'in', 'au', 'jp', 'ca', 'sa', 'uk', 'cn', 'ae', 'sg'] as const

/** One of Zoho's data centres. */
export type DataCenter = (typeof DATA_CENTERS)[number]

export function isDataCenter(value: unknown): value is DataCenter {
  return (DATA_CENTERS as readonly unknown[]).includes(value)
}
