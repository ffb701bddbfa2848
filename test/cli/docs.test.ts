import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createSandbox } from 'passport-criteo/sandbox';
import { command, environment } from './support';

describe('The page about check', () => {
  // Not by this file's place: coverage runs a compiled copy of it from elsewhere.
  const page = readFileSync(join(process.cwd(), 'docs/check.md'), 'utf8');
  const blocks = (language: string): string[] =>
    [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code);

  const lines = blocks('sh').flatMap((code) => code.trim().split('\n'));
  for (const line of new Set(lines)) {
    it(`shows a command line with flags that there are: ${line}`, async () => {
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

  it('names every variable that the command reads, and no other', async () => {
    const { printed } = await command(['check', '--help']);
    const named = (text: string): string[] => [...new Set(text.match(/CRITEO_[A-Z_]+[A-Z]/g))].sort();
    expect(named(page)).to.deep.equal(named(printed));
  });
});
