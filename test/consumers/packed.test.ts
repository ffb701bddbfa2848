import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Project, root, run, tarball } from './support/project';

const bin = (name: string, ...args: string[]): Promise<string> =>
  run(root, join(root, 'node_modules/.bin', name), args);

describe('The packed tarball', () => {
  it('has nothing for publint to complain about', async () => {
    expect(await bin('publint', 'run', await tarball(), '--strict')).to.contain('All good');
  });

  it('has types that every module resolution finds', async () => {
    // A JSON schema has no types, and the oldest resolution reads no exports of JSON.
    const schema = './sandbox/config.schema.json';
    const found = await bin('attw', await tarball(), '--format', 'ascii', '--exclude-entrypoints', schema);
    expect(found).to.contain('No problems found');
  });

  it('brings no package but passport-oauth2, oauth and what these bring', async () => {
    const project = await Project.install('test/consumers/bare');
    const { packages } = JSON.parse(await readFile(join(project.path, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, unknown>;
    };
    const names = Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, ''));
    expect(names.filter((name) => name !== '' && !/^@types\/|^undici-types$/.test(name)).sort()).to.deep.equal([
      'base64url',
      'oauth',
      'passport-criteo',
      'passport-oauth2',
      'passport-strategy',
      'uid2',
      'utils-merge',
    ]);
  });
});

describe('Modules of Node', () => {
  let project: Project;
  before(async () => {
    project = await Project.install('test/consumers/project');
  });

  it('sign a person in by require', async () => {
    expect(await project.node('print.cjs', './login.cjs')).to.equal('signed in as Northwind Outdoor and 4 more\n');
  });

  it('sign a person in by import', async () => {
    expect(await project.node('print.cjs', './login.mjs')).to.equal('signed in as Northwind Outdoor and 4 more\n');
  });

  it('load one file for the library, and nothing of the sandbox', async () => {
    const print = "require('passport-criteo'); console.log(Object.keys(require.cache).join('\\n'))";
    const files = (await project.node('-e', print)).split('\n');
    const ours = files.filter((file) => file.includes('/passport-criteo/')).map((file) => file.split('/dist/')[1]);
    expect(ours).to.deep.equal(['index.js']);
  });

  it('get one and the same from require, import and dynamic import', async () => {
    expect(await project.node('same.mjs')).to.equal('same\n');
  });

  it('show the lines of the sources in stack traces if they are started with --enable-source-maps', async () => {
    const failing = "new (require('passport-criteo').CriteoStrategy)({})";
    const print = `try { ${failing} } catch (error) { console.log(error.stack) }`;
    expect(await project.node('--enable-source-maps', '-e', print)).to.match(/passport-criteo\/lib\/strategy\.ts:\d+/);
    expect(await project.node('-e', print)).to.match(/passport-criteo\/dist\/index\.js:\d+/);
  });

  it('see no internal names in the types', async () => {
    const folder = join(project.path, 'node_modules/passport-criteo/dist');
    const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.d.ts'));
    expect(names).to.include('index.d.ts').and.include('strategy.d.ts');
    expect(names).to.not.include('login/start.d.ts');
    const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    expect(texts.join('\n')).to.not.match(
      /@internal|\b(?:_start|_finish|_metadata|_criteo|foreignCause|fetchWithToken)\b/,
    );
  });

  it('get by name whatever there is, and it bears that name', async () => {
    expect(await project.node('names.mjs')).to.equal('right\n');
  });
});
