import fs from 'node:fs'
import fsp, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'
import type { Steps } from './steps.js'

/** What is called on a disk, by promise and at once. Opening and writing have steps of their own. */
const CALLS = ['rename', 'unlink', 'symlink', 'link', 'mkdir', 'rm', 'truncate'] as const
const SYNC_CALLS = ['renameSync', 'unlinkSync', 'rmSync', 'writeFileSync'] as const

/** Tells of everything that this process does with the disk. What is written is written in two halves, as a disk may. */
export function stepOnDisk(steps: Steps): void {
  for (const name of CALLS) Object.assign(fsp, { [name]: stepped(name, fsp[name], steps) })
  for (const name of SYNC_CALLS) Object.assign(fs, { [name]: stepped(name, fs[name], steps) })
  const { open } = fsp
  const steppedOpen = async (...args: Parameters<typeof open>): Promise<FileHandle> => {
    steps.at('open')
    const handle = await open(...args)
    steps.at('open done')
    handle.writeFile = (data) => inHalves(handle, String(data), steps)
    handle.sync = stepped('sync', handle.sync.bind(handle), steps)
    return handle
  }
  const writeFile = async (path: string, data: string): Promise<void> => {
    const handle = await steppedOpen(path, 'w')
    try {
      await inHalves(handle, data, steps)
    } finally {
      await handle.close()
    }
  }
  Object.assign(fsp, { open: steppedOpen, writeFile })
  syncBuiltinESMExports()
}

/** Tells when something was handed to the system for the server of a store. */
export function stepOnSockets(port: number, steps: Steps): void {
  const prototype = Socket.prototype as unknown as Record<'_write' | '_writev', (...args: unknown[]) => void>
  for (const name of ['_write', '_writev'] as const) {
    const write = prototype[name]
    prototype[name] = function (this: Socket, ...args) {
      write.apply(this, args)
      if (this.remotePort === port) steps.at('told the store')
    }
  }
}

async function inHalves(handle: FileHandle, text: string, steps: Steps): Promise<void> {
  const half = Math.floor(text.length / 2)
  await handle.write(text.slice(0, half))
  steps.at('half written')
  await handle.write(text.slice(half))
  steps.at('written')
}

function stepped<Call extends (...args: never[]) => unknown>(name: string, call: Call, steps: Steps): Call {
  const answer = (...args: Parameters<Call>): unknown => {
    steps.at(name)
    const result = call(...args)
    if (!(result instanceof Promise)) steps.at(`${name} done`)
    return result instanceof Promise
      ? result.then((value: unknown) => {
          steps.at(`${name} done`)
          return value
        })
      : result
  }
  return answer as Call
}
