/** Adds a figure that a test measured to `FIGURES_FILE`, from which `pnpm test:full` makes its table. */
export function figure(name: string, ok: boolean, measured: string): void
