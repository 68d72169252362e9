/** Specs say their level in their name: `.unit.spec`, `.int.spec` (real servers), `.e2e.spec` (whole stack). */
export default {
  roots: [
    '<rootDir>/libs',
    '<rootDir>/services',
    '<rootDir>/simulator',
    '<rootDir>/cli',
    '<rootDir>/bench',
    '<rootDir>/proofs',
    '<rootDir>/workspace',
    '<rootDir>/deploy',
  ],
  testMatch: ['**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  // Workspace packages resolve to their sources: no build is needed to run a test.
  testEnvironmentOptions: { customExportConditions: ['arb-source', 'node', 'node-addons'] },
  modulePathIgnorePatterns: ['/dist/'],
  // Ends what hangs; how long anything takes on a busy machine is no finding.
  testTimeout: 120_000,
};
