import { expect } from 'chai';
import { sandboxVariants } from '../../lib/sandbox';
import { page, upToDate } from './fidelity';
import { filesUnder, read } from './support';

describe('The page about what is known of Criteo', () => {
  const text = read(page);
  const [, facts = ''] = text.split(/^## /m);
  const rows = [...facts.matchAll(/^\| (?!fact |-)(.*?) \| (.*?) \| (.*?) \|$/gm)].map(
    ([, fact = '', source = '', ifWrong = '']) => ({ fact, source, ifWrong }),
  );
  const names = Object.keys(sandboxVariants);
  /** The names of switches in a text. */
  const named = (source: string): string[] => [...source.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);

  it('has the unknown facts that the code has (npm run docs:fidelity)', () => {
    expect(text).to.equal(upToDate(text));
  });

  it('says of every fact where it comes from, and what happens if it is wrong', () => {
    expect(rows.length).to.be.above(45);
    for (const { fact, source, ifWrong } of rows) {
      expect(source, fact).to.match(/^(documented|seen|assumed|not documented)\b/);
      expect(ifWrong, fact).to.not.equal('');
    }
  });

  it('names every switch of the sandbox beside the fact that it is about, and no other', () => {
    const switches = rows.flatMap(({ source }) => named(source)).filter((name) => name !== 'expires_in');
    expect(switches.sort()).to.deep.equal(names.sort());
  });

  it('has a switch for every fact that is not documented, but for the one that the sandbox leaves out', () => {
    const without = rows.filter(
      ({ source }) => /^not documented|is not:|not the rest/.test(source) && !named(source).length,
    );
    expect(without.map(({ fact }) => fact)).to.deep.equal(["a callback's `iss` is the issuer (RFC 9207)"]);
  });

  it('is about switches that the sandbox’s own tests try', () => {
    const tests = filesUnder('test/sandbox', /\.test\.ts$/)
      .map(read)
      .join('\n');
    expect(names.filter((name) => !new RegExp(`\\b${name}\\b`).test(tests))).to.deep.equal([]);
  });
});
