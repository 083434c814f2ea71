/** Whether this is the quick form of the tests (`QUICK=1`). What takes seconds is left out of it: `(QUICK ? test.skip : test)`. */
export const QUICK: boolean

/** How often something is done: so often, and a tenth of it in the quick form. */
export function whole(count: number): number
