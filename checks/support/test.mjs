// `pnpm test [JEST ARGUMENTS]`: the quick form of what proves the promises, in core and the adapters. `pnpm test:all` is the
// whole form of every package, on older majors of its framework too, and on real servers if they are installed.
import { spawn } from 'node:child_process'

const PROMISES = ['core', 'emulator', 'connect', 'axios', 'express', 'nestjs']

const [first, ...rest] = process.argv.slice(2)
const all = first === '--all'
const args = all ? rest : process.argv.slice(2)
const jest = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  ...args,
  ...(all || args.includes('--selectProjects') ? [] : ['--selectProjects', ...PROMISES]),
]
const child = spawn(process.execPath, jest, {
  stdio: 'inherit',
  env: all ? process.env : { ...process.env, QUICK: '1' },
})
child.once('exit', (code) => {
  process.exitCode = code ?? 1
})
