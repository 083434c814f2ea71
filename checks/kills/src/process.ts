/**
 * One process that works on a store, and may be killed meanwhile. It obeys messages; its steps and what fails go to its
 * output.
 */
import { inspect } from 'node:util'
import { Acts } from './acts.js'
import { LEARN, type Reply, type Setup, type Task } from './messages.js'
import { Steps } from './steps.js'

const steps = new Steps()
let acts: Acts | undefined

async function obey({ id, space, act, steps: told, dieAt }: Task): Promise<Reply> {
  try {
    if (acts === undefined) throw new Error('a process is set up first')
    const since = performance.now()
    if (told) steps.begin(dieAt)
    const outcome = await acts.do(act, space)
    if (told) steps.end()
    return { id, outcome, ms: performance.now() - since }
  } catch (error) {
    console.error(error)
    return { id, fault: inspect(error) }
  }
}

process.on('message', (message: Setup | Task | typeof LEARN) => {
  if (message === LEARN) return
  if ('act' in message) void obey(message).then((reply) => process.send?.(reply))
  else acts = new Acts(message, steps)
})
process.once('disconnect', () => process.exit())
