import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect } from 'chai';
import { anchors, blocks, dedent, filesUnder, handWritten, prose, read } from './support';

// Lines of a page. The README is what everyone reads, so it is held to less.
const LONGEST = 260;
const LONGEST_README = 250;
const WIDEST = 120;
// Larger pictures take long to load.
const LARGEST_PICTURE = 150 * 1024;
// Code blocks in these languages must be part of a file that the tests run or compile.
const checked = ['ts', 'js', 'py', 'bash', 'json', 'yaml', 'dockerfile', 'nginx'];
const unchecked = ['sh', 'text', 'mermaid'];
const folders = ['test/integration/docs', 'example', 'test/browser', 'test/consumers/project', 'test/servers'];

const { scripts, dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, object>;
const ofExamples = filesUnder('example', /\/package\.json$/).flatMap((path) => {
  const { dependencies = {} } = JSON.parse(read(path)) as { dependencies?: object };
  return Object.keys(dependencies);
});

describe('The documentation', () => {
  const files = folders
    .flatMap((folder) => filesUnder(folder, /\.(ts|js|cjs|mjs|py|sh|json|yml)$|\/Dockerfile$/))
    .map((path) => linesOf(read(path)));
  const pages = [...handWritten(), ...filesUnder('docs/api', /\.md$/)];

  for (const page of handWritten()) {
    describe(page, () => {
      const text = read(page);

      for (const { language, code } of blocks(text).filter(({ language }) => checked.includes(language))) {
        it(`shows code from a tested file: ${language}, ${code.split('\n')[0]}`, () => {
          // Every run of lines as long as the block is compared, without its indentation.
          const { length } = code.split('\n');
          const found = files.some((lines) =>
            lines.some((_, at) => dedent(lines.slice(at, at + length).join('\n')) === code),
          );
          expect(found, `no file in ${folders.join(', ')} has this code:\n${code}`).to.equal(true);
        });
      }

      it('has no code block in an untested language', () => {
        const languages = blocks(text).map(({ language }) => language);
        expect(languages.filter((each) => ![...checked, ...unchecked].includes(each))).to.deep.equal([]);
      });

      it('names commands that exist', () => {
        const named = [...text.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name]) => name);
        expect(Object.keys(scripts ?? {})).to.include.members(named);
        const installed = [...text.matchAll(/npm install ([a-z][\w -]*)$/gm)].flatMap(([, names = '']) =>
          names.split(' '),
        );
        const known = ['passport-criteo', ...Object.keys({ ...dependencies, ...devDependencies }), ...ofExamples];
        expect(known).to.include.members(installed);
      });

      it('names files that exist', () => {
        const named = [...prose(text).matchAll(/`((?:lib|test|example|docs|\.github|\.ci)\/[\w./-]+)`/g)];
        const missing = named.map(([, path = '']) => path).filter((path) => !existsSync(join(process.cwd(), path)));
        expect(missing).to.deep.equal([]);
      });

      const longest = page === 'README.md' ? LONGEST_README : LONGEST;
      it(`has at most ${longest} lines`, () => {
        expect(text.trimEnd().split('\n').length).to.be.at.most(longest);
      });

      it(`has no line of text with more than ${WIDEST} characters`, () => {
        // `npm run bench -- --save` writes results as they come.
        const lines = prose(text.replace(/<!-- results.*?<!-- end of results -->/s, '')).split('\n');
        // Rows of tables and the tags of pictures cannot be wrapped.
        const wide = lines.filter((line) => line.length > WIDEST && !/^(\||\s*<(img|source) )/.test(line));
        expect(wide).to.deep.equal([]);
      });

      it('is in plain English', () => {
        const odd =
          /\b(somebody|someone|everybody|anybody|whoever|nobody|mend|mended|dear|answered|is not to be had)\b/i;
        expect(
          prose(text)
            .replace(/`[^`]*`/g, '')
            .match(odd)?.[0],
        ).to.equal(undefined);
      });
    });
  }

  for (const page of pages) {
    it(`has no broken link or picture in ${page}`, () => {
      const text = prose(read(page));
      const links = [...text.matchAll(/\]\(([^)\s]+)\)|\b(?:src|srcset)="([^"]+)"/g)].map(([, a, b]) => a ?? b ?? '');
      const broken = links.filter((link) => !isExternal(link) && !leadsSomewhere(page, link));
      expect(broken).to.deep.equal([]);
    });
  }

  it('has a link to every page in the README', () => {
    const guides = filesUnder('docs', /\.md$/).filter((page) => page !== 'docs/api/sandbox.md');
    expect(guides.filter((page) => !read('README.md').includes(`](${page}`))).to.deep.equal([]);
  });

  it('shows in the README what the package is, how to install it and a whole app, before anything else', () => {
    const [install, app] = blocks(read('README.md'));
    expect(install).to.include({ language: 'sh' }).and.property('code').contain('npm install passport-criteo');
    expect(app).to.include({ language: 'ts' }).and.property('code').contain('new CriteoStrategy');
    expect(app?.code.split('\n')).to.have.lengthOf.below(25);
  });

  it('has links to five important tasks in the README', () => {
    const readme = read('README.md');
    for (const target of [
      'docs/tokens.md#encrypt-tokens',
      'docs/networks.md#behind-a-reverse-proxy',
      'docs/frameworks/nest.md#on-the-fastify-adapter',
      'docs/troubleshooting.md#state_unknown-in-production-only',
      'docs/tenants.md',
    ]) {
      expect(readme).to.contain(`](${target})`);
    }
  });

  it('has small pictures', () => {
    const pictures = filesUnder('docs', /\.(png|svg)$/);
    expect(pictures).to.include.members(['docs/pictures/consent-light.png', 'docs/pictures/dashboard-dark.png']);
    const large = pictures.filter((path) => statSync(join(process.cwd(), path)).size > LARGEST_PICTURE);
    expect(large).to.deep.equal([]);
  });

  for (const [entry, page] of [
    ['lib/index.ts', 'docs/api/index.md'],
    ['lib/sandbox/index.ts', 'docs/api/sandbox.md'],
  ] as const) {
    it(`describes in ${page} every name that ${entry} exports`, () => {
      const names = exportedNames(read(entry));
      expect(names).to.have.lengthOf.above(5);
      const reference = read(page);
      const missing = names.filter(
        (name) => !reference.includes(`\n### ${name}\n`) && !reference.includes(`\`${name}\`.`),
      );
      expect(missing, 'run npm run docs:api').to.deep.equal([]);
    });
  }
});

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

function isExternal(link: string): boolean {
  return /^https:\/\//.test(link);
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : normalize(join(dirname(page), path));
  if (target.startsWith('..') || !existsSync(join(process.cwd(), target))) return false;
  return anchor === undefined || anchors(read(target)).includes(anchor);
}

/** Returns the names in the export lists of an entry file, as users import them. */
function exportedNames(source: string): string[] {
  return [...source.matchAll(/export (?:type )?\{([^}]*)\}/g)]
    .flatMap(([, list = '']) => list.split(','))
    .map((each) =>
      each
        .trim()
        .replace(/^type /, '')
        .replace(/^.* as /, ''),
    )
    .filter(Boolean);
}
