#!/usr/bin/env node
import { main } from './main.js'

/** How long what a command left open may keep the process, in milliseconds (two seconds). */
const LINGER_MS = 2_000

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
  setTimeout(() => process.exit(), LINGER_MS).unref()
})
