import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Page } from 'playwright-core';

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

// All rules of axe, including WCAG's level AAA and the experimental ones.
const run = `axe.run({ rules: Object.fromEntries(axe.getRules().map(({ ruleId }) => [ruleId, { enabled: true }])) })`;

/** The part of axe's results that this file reads. Axe's own types need TypeScript's DOM library. */
type Results = Record<'violations' | 'incomplete', { id: string; nodes: { html: string; failureSummary: string }[] }[]>;

const viewports = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };

/**
 * Expects that axe finds no violation and no uncertain result on a page, in light and dark, on a phone and on a desktop,
 * and that nothing is wider than the window. Saves pictures to the folder `SCREENSHOTS`, if the environment has it.
 */
export async function expectAccessible(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS'];
  if (folder) mkdirSync(folder, { recursive: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const [device, viewport] of Object.entries(viewports)) {
      const where = `${name}, ${colorScheme}, ${device}`;
      await page.setViewportSize(viewport);
      // The debugger evaluates this, so the page's content security policy allows it.
      await page.evaluate(axe);
      const { violations, incomplete } = await page.evaluate<Results>(run);
      const findings = [...violations, ...incomplete].flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
      );
      expect(findings, where).to.deep.equal([]);
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await page.evaluate(overflow), `${where}: pixels beyond the edge`).to.equal(0);
      const path = folder && join(folder, `${name.replaceAll(' ', '-')}-${device}-${colorScheme}.png`);
      if (path) await page.screenshot({ path, fullPage: true });
    }
  }
}
