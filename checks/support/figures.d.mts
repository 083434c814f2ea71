/** How often something was tried and went wrong, for how long, and from which seed: what `docs/proof.md` holds of it. */
export interface Proof {
  readonly trials?: number
  readonly failures?: number
  readonly seconds?: number
  readonly seed?: number
}

/** Adds a figure that was measured to `FIGURES_FILE`, from which `pnpm test:full` makes its table. Nothing without it. */
export function figure(name: string, ok: boolean, measured: string, proof?: Proof): void
