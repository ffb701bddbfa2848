import { expect } from 'chai';
import { Project } from './support/project';

let installed: Promise<Project> | undefined;
async function install(): Promise<Project> {
  const project = await Project.install('test/consumers/runners');
  await project.add('test/consumers/project', (source) =>
    /\/(project|login\.[cm]js|login-flow\.cjs|print\.cjs)$/.test(source),
  );
  return project;
}
const project = (): Promise<Project> => {
  installed ??= install();
  return installed;
};

describe('Jest', () => {
  it('tests an application of CommonJS', async () => {
    await (await project()).bin('jest', '--ci', '--testMatch', '**/login.jest.js');
  });
});

describe('Vitest', () => {
  it('tests an application of ES modules', async () => {
    const printed = await (await project()).bin('vitest', 'run', '--dir', '.', 'login.test.mjs');
    expect(printed).to.match(/1 passed/);
  });
});

describe('esbuild', () => {
  for (const [format, banner] of [
    ['cjs', ''],
    // CommonJS within an ES module needs a require.
    ['esm', "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"],
  ] as const) {
    it(`makes a bundle that runs, as ${format}`, async () => {
      const there = await project();
      const file = `bundle.${format === 'cjs' ? 'cjs' : 'mjs'}`;
      const flags = ['--bundle', '--platform=node', `--format=${format}`, `--banner:js=${banner}`];
      await there.bin('esbuild', 'login.mjs', ...flags, '--log-level=warning', `--outfile=${file}`);
      expect(await there.node('print.cjs', `./${file}`)).to.equal('signed in as Northwind Outdoor and 4 more\n');
    });
  }
});
