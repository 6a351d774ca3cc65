import base from './playwright.config'

// Measurements: one at a time, so that they do not measure each other.
export default { ...base, testDir: 'bench', outputDir: 'test-results/bench', workers: 1, timeout: 600_000 }
