import { expect } from 'chai';
import { claims, others } from './claims';
import { handWritten, prose, read } from './support';

const strong = /\b(never|always|at most|exactly|nothing is lost|nothing else|nowhere else)\b/i;
// The first has no claims of its own, the second shows messages.
const without = ['CHANGELOG.md', 'CONTRIBUTING.md', 'docs/mistakes.md'];

const pages = new Map(
  handWritten()
    .filter((path) => !without.includes(path))
    .map((path) => [path.replace(/^docs\/|\.md$/g, ''), plain(read(path))]),
);

describe('What the guides promise', () => {
  for (const [page, promises] of Object.entries(claims)) {
    for (const [words, file, test] of promises) {
      it(`is tried by a test: ${page}, ${words}`, () => {
        expect(pages.get(page)).to.contain(words);
        expect(read(`test/${file}.test.ts`)).to.contain(test);
      });
    }
  }

  it('is in the list of test/docs/claims.ts, with the test that tries it', () => {
    const missing = [...pages].flatMap(([page, text]) => {
      const known = [...(claims[page] ?? []).map(([words]) => words), ...(others[page] ?? [])];
      return sentences(text)
        .filter((sentence) => strong.test(sentence) && !known.some((each) => sentence.includes(each)))
        .map((sentence) => `${page}: ${sentence}`);
    });
    expect(missing).to.deep.equal([]);
  });
});

/** Returns the text of a page on one line, without code blocks and without the table that a program writes. */
function plain(text: string): string {
  const [own = ''] = text.split('<!-- Written by');
  return prose(own).replace(/\s+/g, ' ');
}

/** Cuts a text into sentences and cells. */
function sentences(text: string): string[] {
  return text.split(/(?<=[.!?])\s|\|/);
}
