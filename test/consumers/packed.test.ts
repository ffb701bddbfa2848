import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect } from 'chai';

// The package as strangers get it: packed, installed from the tarball into a project of its own, and used from there.
const root = resolve(__dirname, '../..');
const run = (cwd: string, command: string, ...args: string[]): string => {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}\n${stderr}`);
  }
};
const bin = (name: string): string => join(root, 'node_modules/.bin', name);

describe('the packed tarball', function () {
  this.timeout(180_000);
  let project: string;
  let tarball: string;

  before(() => {
    project = mkdtempSync(join(tmpdir(), 'passport-criteo-'));
    // Builds too, by the script prepack.
    const printed = run(root, 'npm', 'pack', '--json', '--silent', '--pack-destination', project);
    const [packed] = JSON.parse(printed.slice(printed.indexOf('['))) as { filename: string }[];
    tarball = join(project, packed?.filename ?? '');
    writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true }');
    run(project, 'npm', 'install', '--silent', '--no-audit', '--no-fund', '--prefer-offline', tarball);
    // What a consumer brings; taken from here, so that it is the version that we test with.
    for (const name of ['express', 'express-session', 'passport']) link(name);
    mkdirSync(join(project, 'node_modules/@types'), { recursive: true });
    for (const name of ['@types/express-session']) link(name);
    cpSync(join(root, 'test/consumers/project'), project, { recursive: true });
  });
  after(() => rmSync(project, { recursive: true, force: true }));

  function link(name: string): void {
    symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name));
  }

  it('has nothing for publint to complain about', () => {
    expect(run(root, bin('publint'), 'run', tarball, '--strict')).to.contain('All good');
  });

  it('has types that every module resolution finds', () => {
    expect(run(root, bin('attw'), tarball, '--format', 'ascii')).to.contain('No problems found');
  });

  it('brings no package but passport-oauth2, oauth and what these bring', () => {
    const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { peer?: boolean }>;
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

  it('signs a person in from CommonJS, by require', () => {
    expect(run(project, process.execPath, 'login.cjs')).to.equal('signed in as Northwind Outdoor and 4 more\n');
  });

  it('signs a person in from an ES module, by import', () => {
    expect(run(project, process.execPath, 'login.mjs')).to.equal('signed in as Northwind Outdoor and 4 more\n');
  });

  it('is one and the same from require, import and dynamic import', () => {
    expect(run(project, process.execPath, 'same.mjs')).to.equal('same\n');
  });

  for (const [module, resolution] of [
    ['node20', 'node16'],
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    it(`type-checks strictly, libraries included, with module ${module}`, () => {
      const flags = ['--module', module, '--moduleResolution', resolution, '--target', 'es2022', '--types', 'node'];
      run(project, bin('tsc'), '--noEmit', '--strict', '--skipLibCheck', 'false', ...(flags as string[]), 'usage.ts');
    });
  }
});
