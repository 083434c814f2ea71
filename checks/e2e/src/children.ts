import { type ChildProcess, fork } from 'node:child_process'

/** What is still running, and how it is ended in a hurry. */
const running = new Set<ChildProcess>()

/**
 * Starts a program of this folder in a process of its own, with a channel for messages and its output in pipes.
 *
 * @param variables Those it gets on top. Nothing of this shell's own configuration reaches it.
 */
export function startProgram(
  file: string,
  args: readonly string[] = [],
  variables: Readonly<Record<string, string>> = {},
): ChildProcess {
  const outside = Object.entries(process.env).filter(([name]) => !name.startsWith('ZOHO_'))
  const env = { ...Object.fromEntries(outside), ...variables }
  const child = fork(new URL(file, import.meta.url), args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** The next message of a child that is just starting. @throws Error where it ends first. */
export function firstMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`a child ended at its start: ${signal ?? code}`)))
  })
}

/** Resolves when a child has ended and its output was read. */
export function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (!running.has(child)) return resolve()
    child.once('close', () => resolve())
  })
}

/** Ends every child that was started here, at once, each by its id. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL')
}
