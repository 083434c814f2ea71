/**
 * - 0: done, and nothing is wrong.
 * - 1: a fault was found, or the command failed.
 * - 2: wrong use, or a wrong configuration.
 */
export type ExitCode = 0 | 1 | 2
