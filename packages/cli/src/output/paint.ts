import { styleText } from 'node:util'

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string

/** Colours for a stream: only on a terminal, and not if `NO_COLOR` is set (no-color.org) or the terminal is dumb. */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const colours = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
  return colours ? (style, text) => styleText(style, text, { validateStream: false }) : (_, text) => text
}
