/** The code of an error of the operating system. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}

/** A file that is there and cannot be believed. It is left as it is. */
export function damaged(file: string, why: string): Error {
  return new Error(
    `zoho-auth: ${file} ${why}. It is left as it is, and other records are not affected: restore it, or move it away.`,
  )
}

/** The folder cannot be written. */
export function unwritable(folder: string, cause: unknown): Error {
  return new Error(
    `zoho-auth: the folder ${folder} cannot be written by this process (${codeOf(cause) ?? String(cause)}); it needs a folder of its own with mode 0700 on a local disk`,
    { cause },
  )
}

/** The folder cannot be read. */
export function unreadable(path: string, cause: unknown): Error {
  return new Error(`zoho-auth: ${path} cannot be read by this process (${codeOf(cause) ?? String(cause)})`, {
    cause,
  })
}

/** Others held the lock for too long, or took it away too often. */
export function busy(file: string, why: string): Error {
  return new Error(`zoho-auth: ${file} could not be changed: ${why}`)
}
