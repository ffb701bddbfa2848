import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { given } from '../../../lib/util/hint';
import { read } from '../../docs/support';
import { criteoMistakes, routeMistakes, setUpMistakes, verifyMistakes } from './mistakes/logins';
import type { Mistake } from './mistakes/mistake';
import { optionMistakes } from './mistakes/options';
import { tokenMistakes } from './mistakes/tokens';
import { typeMistakes } from './mistakes/types';
import { opener } from './support';

const parts: Record<string, Mistake[]> = {
  'When the strategy is made': optionMistakes,
  'When it is compiled': typeMistakes,
  'Sessions and cookies': setUpMistakes,
  'Routes and users': routeMistakes,
  verify: verifyMistakes,
  'At Criteo': criteoMistakes,
  'Tokens and consent': tokenMistakes,
};

const path = 'docs/mistakes.md';

/** Returns the tables of the page. */
function tables(): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const lines = Object.entries(parts).flatMap(([title, mistakes]) => [
    `## ${title}`,
    '',
    '| mistake | what the package says | fix |',
    '|---|---|---|',
    ...mistakes.map(({ mistake, says, fix }) => `| ${cell(mistake)} | ${cell(says)} | ${cell(fix)} |`),
    '',
  ]);
  return lines.join('\n');
}

describe('A mistake that newcomers make', () => {
  const open = opener();
  const environment = process.env['NODE_ENV'];
  const { error } = console;
  beforeEach(() => {
    given.clear();
    // Hints are for development. Express prints errors that no handler takes.
    process.env['NODE_ENV'] = 'development';
    console.error = () => {};
  });
  afterEach(() => {
    process.env['NODE_ENV'] = environment ?? '';
    if (environment === undefined) delete process.env['NODE_ENV'];
    console.error = error;
  });

  for (const [title, mistakes] of Object.entries(parts)) {
    describe(`(${title})`, () => {
      for (const { mistake, says, make } of mistakes) {
        it(`is named: ${mistake}`, async function () {
          this.timeout(20_000);
          const said = await make({ open });
          let from = 0;
          for (const part of says.split(' … ')) {
            const at = said.indexOf(part, from);
            expect(at, `"${part}" in: ${said}`).to.be.at.least(0);
            from = at + part.length;
          }
          expect(said).not.to.match(/only for tests|client\+secret/);
        });
      }
    });
  }

  it(`is one of 45 or more in ${path}, which has each of them as it is tested here`, () => {
    expect(Object.values(parts).flat()).to.have.lengthOf.at.least(45);
    const page = read(path);
    const [head = ''] = page.split('\n## ', 1);
    const expected = `${head}\n${tables()}`.trimEnd();
    // `MISTAKES=write npx mocha …` writes the page.
    if (process.env['MISTAKES'] === 'write') writeFileSync(join(process.cwd(), path), `${expected}\n`);
    else expect(page.trimEnd()).to.equal(expected);
  });
});
