import { resolve } from 'node:path'

/** The absolute path of the folder an app named. @throws TypeError for what cannot be one. */
export function folderOf(folder: unknown): string {
  if (typeof folder !== 'string' || folder === '' || folder.includes('\0'))
    throw new TypeError("the folder of a file store is a path, such as './.zoho-auth'")
  return resolve(folder)
}
