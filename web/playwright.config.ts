import { defineConfig } from '@playwright/test'

// Every test starts its own daemon (see e2e/daemon.ts) and drives Debian's Chromium; nothing is downloaded.
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  fullyParallel: true,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: true,
  // A machine that does other things too may make a browser miss a moment; a test that fails twice has failed.
  retries: 1,
  reporter: [['line']],
  use: {
    locale: 'en-GB',
    viewport: { width: 1280, height: 800 },
    ignoreHTTPSErrors: true,
    trace: 'off',
    screenshot: 'only-on-failure',
    actionTimeout: 10_000,
    navigationTimeout: 20_000,
    launchOptions: {
      executablePath: process.env.PLENUM_CHROMIUM ?? '/usr/bin/chromium',
      // Chromium's own sandbox cannot start as root.
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    },
  },
})
