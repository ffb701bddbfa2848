import { defineConfig } from '@playwright/test';
import { sandboxURL } from './tests/sandbox.js';

export default defineConfig({
  testDir: 'tests',
  fullyParallel: true,
  // Undefined is Playwright's own browser; a system's Chromium is named by the variable CHROMIUM.
  use: { launchOptions: { executablePath: process.env.CHROMIUM } },
  webServer: {
    command: `npx passport-criteo sandbox --port ${new URL(sandboxURL).port}`,
    url: `${sandboxURL}/sandbox/api/health`,
    gracefulShutdown: { signal: 'SIGTERM', timeout: 2_000 },
  },
});
