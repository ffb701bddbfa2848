import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { transform } from 'esbuild';
import { blocks, read } from '../docs/support';
import { CookieClient } from '../support/cookie-client';
import { Project, root, run } from './support/project';
import { decide, start } from './support/running';

/** Returns the code block of a page that has a text in it. */
function block(page: string, text: string): string {
  const found = blocks(read(page)).filter(({ code }) => code.includes(text));
  expect(found, `blocks of ${page} with ${text}`).to.have.lengthOf(1);
  return found[0]?.code ?? '';
}

/** Replaces a text that must be there. */
function change(code: string, from: string | RegExp, to: string): string {
  const changed = code.replace(from, to);
  expect(changed, `${from} is not in:\n${code}`).not.to.equal(code);
  return changed;
}

/** Replaces the port of the guides, which may be in use here. */
function onFreePort(code: string): string {
  const own = "Number(process.env['PORT'])";
  const listening = code.replace('listen(3000,', `listen(${own},`);
  return change(listening, /'([^']*localhost:)3000([^']*)'/, `\`$1\${${own}}$2\``);
}

/** Returns an app of the README as the tests run it: on this machine, against a sandbox. */
function appOf(readme: string): string {
  const local = change(readme, /'https:\/\/app\.example\.com(\/[^']*)'/, "new URL('$1', home).href");
  const withOptions = change(local, /^( *)clientID,\n *clientSecret,$/m, '$1...options,');
  const found = "import { home, options } from './criteo.js';\n";
  return found + change(withOptions, "'./users'", "'./users.js'");
}

const whole = block('README.md', 'export const app');
const signInBlock = block('README.md', "passport.authenticate('criteo', {");
const apps = {
  connect: appOf(whole),
  // "The same with `authenticate`".
  'sign-in': appOf(whole.slice(0, whole.indexOf('passport.use(')) + signInBlock),
};
const find = `import { createSandbox } from 'passport-criteo/sandbox';\n${block('docs/getting-started.md', 'findCriteo')}`;

const home = "export const home = 'http://localhost:' + process.env['PORT'];\n";

const worker = `import { CriteoClient, ReauthorizationRequiredError, TokenSource } from 'passport-criteo';
import type { CriteoClientOptions, TokenStore } from 'passport-criteo';
export function make(
  app: CriteoClientOptions,
  store: TokenStore,
  askToReconnect: (key: string) => void,
  now: () => number,
): TokenSource {
${change(block('docs/tokens.md', 'return new TokenSource'), '  store,', '  store,\n  now,')}
}
export async function call(tokens: TokenSource, userId: string): Promise<unknown> {
${block('docs/tokens.md', 'tokens.fetch(userId')}
}
`;

describe('The code blocks of the guides, and nothing else,', () => {
  let project: Project;
  before(async () => {
    project = await Project.install('test/consumers/first-apps');
  });

  /** Compiles the files of a folder, under strict, libraries included. */
  const compile = (folder: string): Promise<string> => {
    const flags = ['--strict', '--skipLibCheck', 'false', '--target', 'es2023', '--types', 'node', '--ignoreConfig'];
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const files = ['main', 'work'].map((name) => `${name}.ts`);
    const existing = folder === 'worker' ? files.slice(1) : files.slice(0, 1);
    return run(join(project.path, folder), process.execPath, [tsc, ...flags, '--module', 'nodenext', ...existing]);
  };
  const write = async (folder: string, files: Record<string, string>): Promise<void> => {
    await mkdir(join(project.path, folder), { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(project.path, folder, name), text);
  };
  const own = (name: string): string => read(`test/consumers/first-apps/${name}`);

  /** Signs in, or connects, as a user would; returns what the page then shows. */
  async function use(app: keyof typeof apps, file: string): Promise<{ shown: unknown; declined: unknown }> {
    const running = await start(project, file, { SESSION_SECRET: 'a secret of the tests' });
    try {
      const client = new CookieClient(running.home);
      if (app === 'connect') await client.get('/sign-in');
      const path = app === 'connect' ? '/criteo-connect' : '/criteo-auth';
      const { location } = await decide(client, path);
      const shown = JSON.parse((await client.get(location)).body);
      const again = app === 'connect' ? client : new CookieClient(running.home);
      const { location: failed } = await decide(again, path, { decision: 'deny' });
      return { shown, declined: JSON.parse((await again.get(failed)).body) };
    } finally {
      await running.stop();
    }
  }

  const expected = {
    connect: { path: '/settings', user: { name: 'Ada', connected: ['Northwind Outdoor and 4 more'] } },
    'sign-in': { path: '/dashboard', user: { name: 'Northwind Outdoor and 4 more' } },
  };
  const failed = { connect: '/settings', 'sign-in': '/login' };

  for (const app of ['connect', 'sign-in'] as const) {
    it(`${app}: make an app in strict TypeScript, of ES modules`, async () => {
      const folder = `${app}-esm`;
      const criteo = `${find}\nexport const { options } = await findCriteo(process.env);\n${home}`;
      const sources = {
        'app.ts': apps[app],
        'criteo.ts': criteo,
        'users.ts': own('users.ts'),
        'main.ts': own('main.ts'),
      };
      await write(folder, { 'package.json': '{ "type": "module" }', ...sources });
      await compile(folder);
      const { shown, declined } = await use(app, `${folder}/main.js`);
      expect(shown).to.containSubset(expected[app]);
      expect(declined).to.containSubset({ path: failed[app], messages: ['The user declined at Criteo.'] });
    });

    it(`${app}: make an app in CommonJS`, async () => {
      const folder = `${app}-cjs`;
      const sources = { app: apps[app], find, users: own('users.ts'), main: own('main.ts') };
      const files: Record<string, string> = { 'package.json': '{ "type": "commonjs" }' };
      for (const [name, source] of Object.entries(sources)) {
        files[`${name}.js`] = (await transform(source, { loader: 'ts', format: 'cjs' })).code;
      }
      // CommonJS has no await at the top: the app is loaded once the sandbox runs.
      files['criteo.js'] = (await transform(home, { loader: 'ts', format: 'cjs' })).code;
      files['start.js'] = `require('./find.js').findCriteo(process.env).then(({ options }) => {
  const criteo = require('./criteo.js');
  require.cache[require.resolve('./criteo.js')].exports = { ...criteo, options };
  require('./main.js');
});`;
      await write(folder, files);
      const { shown, declined } = await use(app, `${folder}/start.js`);
      expect(shown).to.containSubset(expected[app]);
      expect(declined).to.containSubset({ path: failed[app], messages: ['The user declined at Criteo.'] });
    });
  }

  it('make an app that connects, by the four steps of "Getting started"', async () => {
    const page = 'docs/getting-started.md';
    const local = change(whole, 'https://app.example.com', 'http://localhost:3000');
    const withOptions = change(local, /^( *)clientID,\n *clientSecret,$/m, '$1...options,');
    const imports = change(withOptions, '{ signedIn, users }', '{ signedIn, start, users }');
    const ready = change(
      imports,
      'export const app',
      "import { findCriteo } from './criteo';\nconst { options } = await findCriteo(process.env);\nexport const app",
    );
    await write('steps', {
      'package.json': '{ "type": "module" }',
      'criteo.ts': find,
      'users.ts': onFreePort(block(page, 'export function start')),
      'app.ts': `${onFreePort(ready)}\nstart(app);\n`,
    });
    const running = await start(project, 'steps/app.ts', { SESSION_SECRET: 'trial', NODE_OPTIONS: '--import tsx' });
    try {
      const client = new CookieClient(running.home);
      const { location } = await decide(client, '/criteo-connect');
      const [connection] = JSON.parse((await client.get(location)).body);
      expect(connection.advertisers).to.have.lengthOf(5);
      expect(new Date(connection.validUntil)).to.be.above(new Date());
    } finally {
      await running.stop();
    }
  });

  it('make a worker with a Keyv, which works across token lifetimes until the consent is revoked', async () => {
    await write('worker', { 'package.json': '{ "type": "module" }', 'worker.ts': worker, 'work.ts': own('work.ts') });
    await compile('worker');
    const { reports, refreshes, ended } = JSON.parse(await project.node('worker/work.js'));
    expect(reports).to.deep.equal([...Array(4).fill('5 advertisers'), 'connect again']);
    expect(refreshes).to.equal(4);
    expect(ended).to.deep.equal(['ada']);
  });
});
