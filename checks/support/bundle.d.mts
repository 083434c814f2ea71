/** One file for each entry point, our own code in it, dependencies outside: as the packages are published. */
export function bundle(entryPoints: readonly string[], outdir: string, outbase: string): Promise<void>
