import { expect } from 'chai';
import { sandboxConfigSchema, sandboxVariants } from 'passport-criteo/sandbox';
import { sandboxHelp } from '../../lib/cli/help';
import { operations } from '../../lib/sandbox/control/operations';
import { RunningCommand } from '../cli/support';
import { blocks, read } from './support';

// From this page alone, a stranger must be able to use all of the sandbox.
describe('the page about the sandbox', () => {
  const page = read('docs/sandbox.md');
  const rows = page.split('\n').filter((line) => line.startsWith('| '));
  const firstCells = rows.map((row) => row.split(' | ')[0] ?? '').join('\n');
  const code = (text: string): string[] => [...text.matchAll(/`([^`]*)`/g)].map(([, found = '']) => found);

  it('names every flag of the command, and no other', () => {
    const shown = [...page.matchAll(/^\| `(--[\w-]+)/gm)].map(([, flag]) => flag);
    expect(shown).to.deep.equal([...sandboxHelp.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, flag]) => flag));
  });

  it('shows what the command prints', async () => {
    const command = await new Promise<RunningCommand>((resolve) => {
      const onText = (_: string, starting: RunningCommand) => resolve(starting);
      new RunningCommand(['sandbox', '--port', '0'], { onText });
    });
    command.interrupt();
    await command.end();
    const same = command.printed
      .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:4300')
      .replace(/^(CRITEO_(?:CLIENT|SIGNING)_\w+=).*$/gm, '$1…');
    const [shown] = blocks(page)
      .filter(({ language }) => language === 'text')
      .map((block) => block.code);
    expect(same.replace(/\n+/g, '\n')).to.contain(shown);
  });

  it('names every field of the configuration', () => {
    expect(code(firstCells)).to.include.members(Object.keys(sandboxConfigSchema.properties ?? {}));
    const { apps, users } = sandboxConfigSchema.properties ?? {};
    for (const { items } of [apps ?? {}, users ?? {}]) {
      expect(code(page)).to.include.members(Object.keys(items?.properties ?? {}));
    }
  });

  it('names every operation of the HTTP API, with its parameters and fields', () => {
    for (const { method, path, query = {}, body } of operations) {
      const row = rows.find((each) => each.includes(`\`${method} ${path || '/'}\``));
      expect(row, `${method} ${path}`).to.be.a('string');
      const fields = path === '/apps' || path === '/users' || path === '/variants' ? {} : (body?.properties ?? {});
      for (const name of [...Object.keys(query), ...Object.keys(fields)]) {
        expect(row, `${method} ${path}`).to.match(new RegExp(`\\b${name}\\b`));
      }
    }
  });

  it('names every field of faults', () => {
    const { items } = sandboxConfigSchema.properties?.['faults'] ?? {};
    const fields = (items?.anyOf ?? []).flatMap(({ properties = {} }) => Object.keys(properties));
    expect(fields).to.include.members(['status', 'lost']);
    const [, section = ''] = page.split('\n## Faults\n');
    expect(code(section.split('\n## ')[0] ?? '')).to.include.members([...new Set(fields)]);
  });

  for (const [name, { question, variants, default: usual }] of Object.entries(sandboxVariants)) {
    it(`shows the variants of ${name}, the default first`, () => {
      const others = Object.keys(variants).filter((variant) => variant !== usual);
      const list = [`**\`${usual}\`**`, ...others.map((variant) => `\`${variant}\``)].join(', ');
      expect(rows).to.include(`| \`${name}\` | ${question} | ${list} |`);
    });
  }
});
