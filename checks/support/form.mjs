// Tests have two forms, with the same code: the whole one, and the quick one of `pnpm test`, for people who wait for it.

/** Whether this is the quick form: `QUICK=1`, or a project of `jest.config.ts` that repeats another one. */
export const QUICK = process.env.QUICK === '1' || globalThis.QUICK === true

/** How often something is done: so often, and a tenth of it in the quick form. */
export function whole(count) {
  return QUICK ? Math.ceil(count / 10) : count
}
