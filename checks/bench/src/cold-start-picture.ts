import * as echarts from 'echarts'

const SIZE = { width: 760, height: 460 }
const TITLE = 'Connections asked for in one moment, by one process without a token'
/** Told apart by those who see colours differently, too (Okabe and Ito). */
const COLOURS = ['#009e73', '#0072b2', '#d55e00']

/** Milliseconds since they were asked for, callers with a token, callers told to come back. */
type Curve = readonly (readonly [number, number, number])[]

/** Callers who have their token over time, one line for each number of connections. */
export function draw(curves: readonly { readonly connections: number; readonly curve: Curve }[]): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...SIZE })
  const lines = curves.map(({ connections, curve }, index) => {
    const turnedAway = curve.at(-1)?.[2] ?? 0
    const told = turnedAway === 0 ? '' : `, of whom ${grouped(turnedAway)} are told when to come back`
    return {
      name: `${grouped(connections)} connections${told}`,
      type: 'line' as const,
      showSymbol: false,
      // The widest lies below: all of them begin alike.
      lineStyle: { width: 2 + 2 * (curves.length - 1 - index) },
      z: index,
      color: COLOURS[index % COLOURS.length] ?? 'black',
      data: curve.map(([ms, served]) => [ms / 1000, served]),
    }
  })
  chart.setOption({
    backgroundColor: '#ffffff',
    animation: false,
    title: {
      text: TITLE,
      subtext: 'answers of the accounts server take 200 ms; 100 requests at once; callers wait 10 s at most',
      left: 16,
      top: 8,
      textStyle: { fontSize: 15 },
    },
    legend: { bottom: 8, icon: 'roundRect', orient: 'vertical', left: 80, itemGap: 4 },
    grid: { left: 80, right: 70, top: 96, bottom: 100 },
    xAxis: { type: 'value', name: 'seconds', nameLocation: 'end', min: 0 },
    yAxis: { type: 'value', name: 'callers with a token', axisLabel: { formatter: grouped } },
    series: lines,
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg.replace('>', `><title>${TITLE}</title>`)}\n`
}

function grouped(value: number): string {
  return value.toLocaleString('en').replaceAll(',', ' ')
}
