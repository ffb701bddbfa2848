import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createSandbox, type Sandbox } from 'passport-criteo/sandbox';
import { runProbe } from './probe/probe-user';
import { command, environment } from './support';
import { freePort, user } from './user';

describe('The page about check', () => {
  // Not by this file's place: coverage runs a compiled copy of it from elsewhere.
  const page = readFileSync(join(process.cwd(), 'docs/check.md'), 'utf8');
  const blocks = (language: string): string[] =>
    [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);

  const lines = blocks('sh').flatMap((code) => code.trim().split('\n'));
  for (const line of new Set(lines)) {
    it(`shows a command line with flags that exist: ${line}`, async () => {
      const [npx, name, ...args] = line.split(' ');
      expect([npx, name]).to.deep.equal(['npx', 'passport-criteo']);
      // With --help, the flags are read and nothing is done.
      expect((await command([...args, '--help'])).exitStatus).to.equal(0);
    });
  }

  it('shows what the command prints', async () => {
    const sandbox = await createSandbox();
    const { printed } = await command(['check'], { env: environment(sandbox) }).finally(() => sandbox.close());
    const [shown = ''] = blocks('text').filter((code) => code.startsWith('Criteo at'));
    const same = printed
      .replaceAll(sandbox.url, 'https://api.criteo.com')
      .replace(sandbox.app.clientID, '…')
      .replace(/\d+ ms/, '… ms')
      .replace(/\d+ seconds off/, '0 seconds off')
      .replace(/Id \d+/g, 'Id …');
    expect(same).to.equal(shown);
  });

  describe('shows of a longer run', () => {
    let sandbox: Sandbox;
    let callbackURL: string;
    beforeEach(async () => {
      sandbox = await createSandbox({ portfolio: 2 });
      callbackURL = `http://127.0.0.1:${await freePort()}/criteo-auth/callback`;
    });
    afterEach(() => sandbox.close());
    const shown = (start: string): string => blocks('text').find((code) => code.startsWith(start)) ?? 'no such block';

    it('what a login adds', async () => {
      const env = environment(sandbox, callbackURL);
      const { printed } = await command(['check', '--login'], { env, visit: user(() => sandbox) });
      expect(printed).to.contain(`\n${shown('ok       Login: ')}\n`);
    });

    it('the table of a report', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'passport-criteo-'));
      const args = ['--report', join(folder, 'report')];
      await runProbe(sandbox, callbackURL, { steps: ['wrong-secret', 'denial'], args });
      expect(readFileSync(join(folder, 'report.md'), 'utf8')).to.contain(shown('| unknown fact'));
      rmSync(folder, { recursive: true });
    });
  });

  it('names every variable that the command reads, and no other', async () => {
    const { printed } = await command(['check', '--help']);
    const named = (text: string): string[] => [...new Set(text.match(/CRITEO_[A-Z_]+[A-Z]/g))].sort();
    expect(named(page)).to.deep.equal(named(printed));
  });
});
