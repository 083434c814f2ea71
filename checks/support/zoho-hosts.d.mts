/** Top-level domains by data centre. Canada has its products below `zohocloud.ca`. */
export const TLD: Readonly<Record<string, string>>

/** One documented origin, with a URL below it. */
export interface WorldHost {
  readonly product: string
  readonly dataCenter: string
  readonly url: string
}

/** Every documented origin. */
export const WORLD: readonly WorldHost[]
