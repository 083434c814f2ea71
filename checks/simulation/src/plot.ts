import { CAPS, type Cell, FLEETS } from './table.js'

const WIDTH = 760
const HEIGHT = 420
const LEFT = 64
const RIGHT = 150
const TOP = 56
const BOTTOM = 58
const COLORS: readonly string[] = ['#b42318', '#d97706', '#7c3aed']
const SHARED = '#15803d'

/** The table as a picture: one line per cap without a shared store, and one for all with it. */
export function plot(cells: readonly Cell[]): string {
  const x = (index: number) => LEFT + (index * (WIDTH - LEFT - RIGHT)) / (FLEETS.length - 1)
  const y = (percent: number) => TOP + ((100 - percent) * (HEIGHT - TOP - BOTTOM)) / 100
  const line = (shared: boolean, cap: number) =>
    FLEETS.map((processes, index) => {
      const cell = cells.find(
        (one) => one.processes === processes && one.cap === cap && one.shared === shared,
      )
      return { x: x(index), y: y(cell ? (100 * cell.failed) / cell.calls : 0) }
    })
  const draw = (points: readonly { x: number; y: number }[], color: string, label: string, lift: number) => {
    const last = points.at(-1) as { x: number; y: number }
    return [
      `<polyline points="${points.map((point) => `${point.x.toFixed(1)},${point.y.toFixed(1)}`).join(' ')}" fill="none" stroke="${color}" stroke-width="2.5"/>`,
      ...points.map(
        (point) => `<circle cx="${point.x.toFixed(1)}" cy="${point.y.toFixed(1)}" r="3.2" fill="${color}"/>`,
      ),
      `<text x="${(last.x + 12).toFixed(1)}" y="${(last.y + 4 + lift).toFixed(1)}" fill="${color}">${label}</text>`,
    ]
  }
  const grid = [0, 25, 50, 75, 100].flatMap((percent) => [
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(percent)}" y2="${y(percent)}" stroke="#e5e7eb"/>`,
    `<text x="${LEFT - 10}" y="${y(percent) + 4}" text-anchor="end" fill="#4b5563">${percent} %</text>`,
  ])
  const ticks = FLEETS.map(
    (processes, index) =>
      `<text x="${x(index).toFixed(1)}" y="${HEIGHT - BOTTOM + 22}" text-anchor="middle" fill="#4b5563">${processes}</text>`,
  )
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Failed API calls by number of processes, without and with a shared token store">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="28" font-size="16" font-weight="600" fill="#111827">Failed API calls, without and with a shared token store</text>`,
    ...grid,
    ...ticks,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 12}" text-anchor="middle" fill="#111827">processes that share one refresh token</text>`,
    ...CAPS.flatMap((cap, index) =>
      draw(line(false, cap), COLORS[index] as string, `without, ${cap} tokens`, (index - 1) * 8),
    ),
    ...draw(line(true, CAPS[0] as number), SHARED, 'with, any number', 0),
    '</svg>',
    '',
  ].join('\n')
}
