/** @jest-config-loader esbuild-register */
import type { Config } from 'jest'

type Project = Exclude<NonNullable<Config['projects']>[number], string>

const swc = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
}

/** Tests run on the sources of every workspace package: no build is needed. */
const project = (name: string): Project => ({
  displayName: name,
  rootDir: `packages/${name}`,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testEnvironment: '<rootDir>/../../checks/support/node-environment.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  moduleNameMapper: {
    '^@zoho-auth/([^/]+)$': '<rootDir>/../$1/src/index.ts',
    '^@zoho-auth/([^/]+)/([^/.]+)$': '<rootDir>/../$1/src/$2',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
})

/**
 * The tests of a package once more, in their quick form, on an older major of its framework that `checks/compat/<folder>`
 * installs.
 */
const on = (name: string, folder: string, modules: RegExp): Project => {
  const base = project(name)
  return {
    ...base,
    displayName: `${name}@${folder}`,
    globals: { QUICK: true },
    moduleNameMapper: {
      [modules.source]: `<rootDir>/../../checks/compat/${folder}/node_modules/$1`,
      ...base.moduleNameMapper,
    },
  }
}

/** For tests on real servers, which are started once, and only for them. */
const SERVERS = {
  globalSetup: '<rootDir>/../../checks/support/global-setup.ts',
  globalTeardown: '<rootDir>/../../checks/support/global-teardown.ts',
}

const config: Config = {
  projects: [
    ...['core', 'emulator', 'connect', 'axios', 'express', 'nestjs', 'store-file', 'cli'].map(project),
    ...['store-redis', 'store-postgres'].map((name) => ({ ...project(name), ...SERVERS })),
    on('axios', 'axios16', /^(axios)$/),
    on('axios', 'axios17', /^(axios)$/),
    on('express', 'express4', /^(express)$/),
    on('nestjs', 'nest11', /^(@nestjs\/.*|rxjs|reflect-metadata|axios)$/),
  ],
  reporters: ['default', '<rootDir>/checks/support/summary-reporter.mjs'],
  // Jest leaves one core alone by default, which is half of a small machine.
  maxWorkers: '100%',
  // Five minutes: only what hangs takes as long. The machine may be busy, and no test waits for time itself.
  testTimeout: 300_000,
  collectCoverageFrom: ['packages/*/src/**/*.ts'],
  coverageProvider: 'v8',
}
export default config
