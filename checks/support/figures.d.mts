/** Adds a figure that was measured to `FIGURES_FILE`, from which `pnpm test:full` makes its table. Nothing without it. */
export function figure(name: string, ok: boolean, measured: string): void
