import { stripVTControlCharacters } from 'node:util'

const GAP = '  '

/** Rows under headings, in columns as wide as their widest cell. Cells may be coloured. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [headings, ...rows]
  const widths = headings.map((_, column) => Math.max(...all.map((row) => width(row[column] ?? ''))))
  return all.map((row) =>
    row
      .map((cell, column) => padded(cell, widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  )
}

function padded(cell: string, to: number): string {
  return cell + ' '.repeat(Math.max(0, to - width(cell)))
}

function width(cell: string): number {
  return stripVTControlCharacters(cell).length
}
