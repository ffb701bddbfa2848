import { dirname, join, normalize } from 'node:path';
import { expect } from 'chai';
import { filesUnder, read } from './support';

// From the ground up. What shares a floor does not import each other, except on the ground.
const floors = [
  ['errors', 'util'],
  ['http', 'state', 'consent'],
  ['criteo'],
  ['options', 'login', 'tokens'],
  ['strategy'],
  ['index'],
  ['cli'],
];

/** Returns the folder of lib/ that holds a file, or the name of a file that is in none. */
function partOf(path: string): string {
  return path.replace(/^lib\//, '').replace(/(\/.*|\.ts)$/, '');
}

function floorOf(part: string): number {
  return floors.findIndex((parts) => parts.includes(part));
}

const imports = filesUnder('lib', /\.ts$/).flatMap((path) =>
  [...read(path).matchAll(/from '(\.[^']*)'/g)].map(([, to = '']) => ({
    path,
    from: partOf(path),
    to: partOf(normalize(join(dirname(path), to))),
  })),
);

describe('The house of docs/design.md', () => {
  it('has imports that point down only, over seven floors', () => {
    expect(imports).to.have.lengthOf.above(100);
    const up = imports.filter(({ from, to }) => {
      if (from === to || from === 'sandbox') return false;
      const [above, below] = [floorOf(from), floorOf(to)];
      return below < 0 || above < below || (above === below && above > 0);
    });
    expect(up.map(({ path, to }) => `${path} imports ${to}`)).to.deep.equal([]);
  });

  it('has a sandbox that imports nothing of the rest, and that nothing of the rest imports', () => {
    const crossing = imports.filter(({ from, to }) => from !== to && (from === 'sandbox' || to === 'sandbox'));
    expect(crossing.map(({ path, to }) => `${path} imports ${to}`)).to.deep.equal([]);
  });

  it('is described with every folder of lib/', () => {
    const page = read('docs/design.md');
    const parts = new Set(imports.map(({ from }) => from));
    const missing = [...parts].filter((part) => !page.includes(`\`${part}/\``) && !page.includes(`\`${part}.ts\``));
    expect(missing).to.deep.equal([]);
  });
});
