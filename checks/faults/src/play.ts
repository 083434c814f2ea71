import { until } from '../../support/within.mjs'
import { type Call, step } from './calls.js'
import { judge, type Violation } from './judge.js'
import type { Code } from './row.js'
import type { Scene } from './scene.js'

/** With the fault gone, calls go well within this time, in milliseconds. */
const RECOVERED_MS = 20_000

/** Between two calls while they do not, in milliseconds. */
const AGAIN_MS = 100

/** Sockets that would keep the process alive are gone within this time after everything was closed, in milliseconds. */
const LEFT_OPEN_MS = 5_000

/** What the library is doing when the fault comes. */
export interface State {
  readonly name: string
  /** What is so before. */
  prepare?(scene: Scene): Promise<unknown>
  /** Default: just before `act`, on connections that were ended politely. */
  arm?(scene: Scene): Promise<void>
  /** The calls that meet the fault. */
  act(scene: Scene): Promise<readonly Call[]>
  /** Which codes fit, of a fault whose codes are known. Default: the same. */
  codes?(codes: readonly Code[]): readonly Code[]
  /** What is wrong afterwards, the fault still being there. */
  after?(scene: Scene, calls: readonly Call[]): Promise<string | undefined>
  /** The call that must go well with the fault gone. */
  recover(scene: Scene): Promise<Call>
  /** What is wrong at the end. */
  end(scene: Scene): Promise<string | undefined>
}

/** Plays one fault in one state. @returns What was wrong. */
export async function play(state: State, scene: Scene): Promise<readonly Violation[]> {
  const { row, proxy } = scene.setting
  const found: Violation[] = []
  const wrong = (what: string | undefined): void => {
    if (what !== undefined) found.push({ kind: 'state', what })
  }
  await step('the beginning', scene.begin())
  await step('what goes before', Promise.resolve(state.prepare?.(scene)))
  scene.heard.length = 0
  if (state.arm === undefined) await scene.arm()
  else await state.arm(scene)
  const calls = await state.act(scene)
  found.push(...judge(calls, row, state.codes?.(row.codes) ?? row.codes))
  wrong(await state.after?.(scene, calls))
  await scene.disarm()
  scene.beforeSending = undefined
  found.push(...(await recovery(state, scene, calls)))
  wrong(await state.end(scene))
  if (scene.heard.includes('connection.consent_required')) wrong('a person is asked to consent again')
  await step('the close', scene.closeAll())
  await step('the end', scene.forget())
  const left = () => openSocketsTo(proxy.names.address)
  await until(LEFT_OPEN_MS, 'closed', async () => left() === 0).catch(() => {
    found.push({ kind: 'left open', what: `${left()} sockets keep the process alive after close` })
  })
  return found
}

async function recovery(state: State, scene: Scene, calls: readonly Call[]): Promise<Violation[]> {
  scene.wait(
    Math.max(0, ...calls.map(({ outcome }) => (outcome.kind === 'failed' ? (outcome.retryAfterMs ?? 0) : 0))),
  )
  const end = performance.now() + RECOVERED_MS
  for (;;) {
    const { what, outcome, wrong } = await state.recover(scene)
    if (outcome.kind === 'well' && wrong === undefined) return []
    if (outcome.kind === 'hang' || performance.now() > end) {
      const last = outcome.kind === 'failed' ? outcome.code : outcome.kind
      return [{ kind: 'recovery', what: `${what}: ${wrong ?? last}, long after the fault was gone` }]
    }
    scene.wait(outcome.kind === 'failed' ? outcome.retryAfterMs : 0)
    await scene.clock.sleep(AGAIN_MS)
  }
}

/** Sockets of this process to an address that keep it alive: Node leaves out those that are only kept in case. */
function openSocketsTo(address: string): number {
  const node = process as unknown as {
    _getActiveHandles(): { remoteAddress?: string }[]
  }
  return node._getActiveHandles().filter(({ remoteAddress }) => remoteAddress === address).length
}
