// npm run docs:pictures: saves the pictures of the README, docs/pictures/*.png: the consent page and the example's
// dashboard, light and dark. They are taken from the example as `npm start` runs it. Needs Chromium (see CONTRIBUTING.md).
import { spawn } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium, type Page } from 'playwright-core';

const root = process.cwd();
const folder = join(root, 'docs', 'pictures');
const size = { width: 760, height: 780 };
// Larger pictures take long to load.
const LARGEST = 150 * 1024;

/** Starts the example on a free port and returns its address. */
async function startExample(): Promise<{ url: string; stop: () => void }> {
  const { CRITEO_CLIENT_ID: _, ...env } = process.env;
  const example = spawn(process.execPath, ['--import', 'tsx', 'example/server.ts'], {
    cwd: root,
    env: { ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: example.stdout })) {
    const url = /Open (http:\S+)/.exec(line)?.[1];
    if (url) return { url, stop: () => example.kill('SIGTERM') };
  }
  throw new Error('The example ended without printing its address');
}

async function save(page: Page, name: string): Promise<void> {
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  const bytes = statSync(path).size;
  if (bytes > LARGEST) throw new Error(`${path} has ${bytes} bytes: make the window smaller`);
  console.log(`${path}: ${Math.ceil(bytes / 1024)} KB`);
}

async function takePictures(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const { url, stop } = await startExample();
  const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium' });
  try {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ colorScheme, viewport: size });
      const page = await context.newPage();
      await page.goto(url);
      await page.getByLabel('Your name').fill('Ada');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByRole('link', { name: 'Connect Criteo' }).first().click();
      for (const name of ['Northwind Outdoor', 'Piccola Cucina', 'Kestrel Cycles'])
        await page.getByRole('checkbox', { name }).check();
      await page.mouse.click(1, 1);
      await save(page, `consent-${colorScheme}`);
      await page.getByRole('button', { name: 'Approve' }).click();
      await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
      await save(page, `dashboard-${colorScheme}`);
      await context.close();
    }
  } finally {
    await browser.close();
    stop();
  }
}

takePictures().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
