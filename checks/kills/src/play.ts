import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../support/random.mjs'
import type { Row } from '../../support/report.mjs'
import type { Child } from './child.js'
import { GIVENS } from './givens.js'
import { HOLDS, type Verdict } from './holds.js'
import { type Moment, momentsOf, type Rehearsal, stepOf, timeOf } from './moments.js'
import type { Stage } from './stage.js'
import type { Operation } from './table.js'

/** How long an answer of the accounts server takes, in milliseconds; what it does is done at the beginning of that. */
export const LATENCY_MS = 60
/** After a lease the next process is asked again within 400 ms, and has a few answers of Zoho to wait for, in milliseconds. */
const SLACK_MS = 2_000
/** What a busy machine makes slower: the next process wakes up, reads, asks and writes. */
const STEPS = 4
const CALLERS = 5

/** What became of one kill. */
interface Death extends Verdict {
  readonly moment: Moment
  /** The last step before it. */
  readonly after: string
  /** It fell into the operation. */
  readonly within: boolean
  /** The longest that anything took in the next process, and a token that nobody was in the way of, in milliseconds. */
  readonly recoveryMs: number
  readonly undisturbedMs: number
}

/** Kills one operation on one store so many times. */
export async function play(
  operation: Operation,
  stage: Stage,
  count: number,
  random: Random,
  only?: Moment,
): Promise<Row> {
  const shown = await stage.showing.through(() => rehearse(operation, stage))
  const unknown = operation.at.filter((name) => !shown.steps.includes(name))
  if (unknown.length > 0)
    return { ok: false, figure: 'the table names steps that are none', seen: { unknown, shown } }
  const moments = only === undefined ? momentsOf(operation, stage.place.name, shown, count, random) : [only]
  const deaths = await Promise.all(
    moments.map((moment) =>
      stage.atOnce.through(() => strike(operation, stage, moment, shown.ms, random.next())),
    ),
  )
  return judged(operation, deaths)
}

/** What the operation looks like when nobody kills it. @throws Error where it does not go well by itself. */
async function rehearse(operation: Operation, stage: Stage): Promise<Rehearsal> {
  const one = stage.case()
  const { shower } = stage
  const scene = await GIVENS[operation.given](one, shower)
  const done = await shower.do(scene.act, scene.space, {})
  if (done.code !== undefined) throw new Error(`nobody killed it, and it ended with ${done.code}`)
  const steps = shower.steps().names
  await shower.do({ do: 'leave' }, scene.space)
  await one.close()
  return { steps, ms: done.ms }
}

async function strike(
  operation: Operation,
  stage: Stage,
  moment: Moment,
  lengthMs: number,
  draw: number,
): Promise<Death> {
  const one = stage.case()
  let victim: Child | undefined
  try {
    victim = await stage.process()
    const scene = await GIVENS[operation.given](one, victim)
    one.slowestMs = 0
    const time = timeOf(moment)
    const doing = victim.do(scene.act, scene.space, time === undefined ? { dieAt: stepOf(moment) } : {})
    const over = doing.catch(() => {})
    let waiting: Promise<number> | undefined
    if (time === undefined) await Promise.race([victim.gone, over])
    else {
      const waitsAfterMs = time * lengthMs * draw
      await sleep(waitsAfterMs)
      if (operation.othersWait) {
        waiting = failedOf(one.next({ do: 'get', connection: one.user, callers: CALLERS }))
        waiting.catch(() => {})
      }
      await sleep(time * lengthMs - waitsAfterMs)
    }
    await victim.kill()
    const { names: steps, underWay } = victim.steps()
    const failed = (await waiting) ?? 0
    const verdict = await HOLDS[operation.holds]({ one, scene, steps })
    const half = failed > 0 ? [...verdict.half, `${failed} callers failed that waited`] : verdict.half
    const { slowestMs: recoveryMs, undisturbedMs } = one
    await one.close()
    return {
      ...verdict,
      half,
      moment,
      after: steps.at(-1) ?? '',
      within: underWay,
      recoveryMs,
      undisturbedMs,
    }
  } catch (error) {
    const { names = [], underWay: within = false } = victim?.steps() ?? {}
    const half = [(error as Error).message]
    const after = names.at(-1) ?? ''
    return { moment, after, within, lost: [], half, unkept: 0, recoveryMs: 0, undisturbedMs: 0 }
  } finally {
    await victim?.kill()
  }
}

async function failedOf(
  getting: Promise<{ readonly failed?: number; readonly code?: string }>,
): Promise<number> {
  const { failed, code } = await getting
  return code === undefined ? (failed ?? 0) : CALLERS
}

function judged({ heldUpMs }: Operation, deaths: readonly Death[]): Row {
  const count = (key: 'lost' | 'half') => deaths.filter((death) => death[key].length > 0).length
  const [lost, half] = [count('lost'), count('half')]
  const within = deaths.filter((death) => death.within).length
  const unkept = deaths.reduce((sum, death) => sum + death.unkept, 0)
  const slowestMs = Math.max(...deaths.map(({ recoveryMs }) => recoveryMs))
  const lateMs = Math.max(...deaths.map(({ undisturbedMs }) => undisturbedMs))
  const boundMs = heldUpMs + SLACK_MS + STEPS * lateMs
  const inTime = slowestMs <= boundMs
  const wrong = deaths.filter(
    (death) => death.lost.length + death.half.length > 0 || death.recoveryMs > boundMs,
  )
  return {
    ok: lost === 0 && half === 0 && within > 0 && inTime,
    figure:
      `${lost} lost, ${half} half; ${within} of ${deaths.length} within, recovered ≤ ${seconds(slowestMs)}` +
      `${inTime ? '' : ` (bound ${seconds(boundMs)})`}${unkept > 0 ? `, given in vain: ${unkept}` : ''}`,
    trials: deaths.length,
    failures: wrong.length,
    seen: wrong.map(({ moment, after, lost: gone, half: left, recoveryMs }) => ({
      at: moment,
      after,
      lost: gone,
      half: left,
      recoveryMs,
    })),
  }
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
