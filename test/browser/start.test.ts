import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { openBrowser, openUser } from './support';

const root = resolve(__dirname, '../..');

describe('npm start', () => {
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill('SIGKILL'));

  /** Starts the example like `npm start`, or its worker, and reads its output. */
  const start = (env: Record<string, string>, script = 'example/server.ts') => {
    const { CRITEO_CLIENT_ID: _, CRITEO_CLIENT_SECRET: __, ...rest } = process.env;
    const process_ = spawn('node_modules/.bin/tsx', [script], { cwd: root, env: { ...rest, ...env } });
    child = process_;
    let output = '';
    const said = (text: RegExp) =>
      new Promise<RegExpExecArray>((found, lost) => {
        const look = (): void => {
          const match = text.exec(output);
          if (match) found(match);
        };
        process_.stdout.on('data', look);
        process_.on('close', () => lost(new Error(`It ended without saying ${text}, but: ${output}`)));
        look();
      });
    for (const stream of [process_.stdout, process_.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
    }
    const ended = once(process_, 'close').then(([code]: unknown[]) => ({ code, output }));
    return { process: process_, said, ended };
  };

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`runs the example with the sandbox until ${signal}, then exits with status 0`, async () => {
      const example = start({ PORT: '0' });
      const [, url = ''] = await example.said(/Open (http:\/\/localhost:\d+)\n/);
      const browser = await openBrowser();
      try {
        const tab = await (await openUser(browser, url)).openTab();
        await tab.startLogin();
        await tab.page.getByRole('checkbox').first().check();
        await tab.click('Approve');
        await tab.sees('Dashboard');
        // The browser's connections are still open.
        example.process.kill(signal);
        const { code, output } = await example.ended;
        expect(code).to.equal(0);
        expect(output).to.contain('instead of Criteo').and.contain('CRITEO_CLIENT_ID');
        expect(output).to.match(/authentication method +Authorization Code\n/);
        for (const path of ['/criteo-auth/callback', '/criteo-connect/callback', '/criteo-consent']) {
          expect(output).to.contain(`  ${url}${path}`);
        }
      } finally {
        await browser.close();
      }
    });
  }

  it('says what to do if the port is in use', async () => {
    const other = createServer().listen(0, 'localhost');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      const { code, output } = await start({ PORT: String(port) }).ended;
      expect(code).to.equal(1);
      expect(output).to.equal(
        `Port ${port} is in use: stop what runs there, or choose another one with PORT=${port + 1} npm start.\n`,
      );
    } finally {
      other.close();
    }
  });

  it('says what to do if only one of the credentials is set', async () => {
    const { code, output } = await start({ PORT: '0', CRITEO_CLIENT_ID: 'id' }).ended;
    expect(code).to.equal(1);
    expect(output).to.match(/^CRITEO_CLIENT_ID is set, but CRITEO_CLIENT_SECRET is not: set both.*\n$/);
  });

  it('says what to do about a callback URL that Criteo would reject', async () => {
    const { code, output } = await start({ PORT: '0', CRITEO_CALLBACK_URL: 'http://app.example.com/back' }).ended;
    expect(code).to.equal(1);
    expect(output).to.match(/^.*callbackURL.*\n$/);
  });

  it('says what to do if a signing key has no secret', async () => {
    const { code, output } = await start({ PORT: '0', CRITEO_SIGNING_KEY: 'key' }).ended;
    expect(code).to.equal(1);
    expect(output).to.match(/^CRITEO_SIGNING_KEY is set, but CRITEO_SIGNING_SECRET is not.*\n$/);
  });

  it('has a worker that runs until SIGINT, then exits with status 0', async () => {
    const worker = start({}, 'example/worker.ts');
    await worker.said(/\d\d:\d\d:\d\d {2}Northwind Outdoor.*\n\d\d:\d\d:\d\d {2}Northwind Outdoor/);
    worker.process.kill('SIGINT');
    expect((await worker.ended).code).to.equal(0);
  });

  it('prints the callback URL of the connector if there is a key pair', async () => {
    const credentials = { CRITEO_CLIENT_ID: 'an-id', CRITEO_CLIENT_SECRET: 'a-secret' };
    const pair = { CRITEO_SIGNING_KEY: 'key', CRITEO_SIGNING_SECRET: 'hush' };
    const example = start({ PORT: '0', ...credentials, ...pair });
    const [, origin = ''] = await example.said(/Open (http:\/\/localhost:\d+)\n/);
    example.process.kill('SIGINT');
    expect((await example.ended).output)
      .to.contain(`${origin}/criteo-consent`)
      .and.not.contain('hush');
  });

  it('uses Criteo if there are credentials, and prints the redirect URI to register', async () => {
    const example = start({ PORT: '0', CRITEO_CLIENT_ID: 'an-id', CRITEO_CLIENT_SECRET: 'a-secret' });
    const [, origin = ''] = await example.said(/Open (http:\/\/localhost:\d+)\n/);
    const { status, headers } = await fetch(`${origin}/criteo-auth`, { redirect: 'manual' });
    expect(status).to.equal(302);
    const consent = new URL(headers.get('location') ?? '');
    expect(consent.origin + consent.pathname).to.equal('https://consent.criteo.com/request');
    expect(consent.searchParams.get('redirect_uri')).to.equal(`${origin}/criteo-auth/callback`);
    example.process.kill('SIGINT');
    const { code, output } = await example.ended;
    expect(code).to.equal(0);
    expect(output)
      .to.contain(`${origin}/criteo-auth/callback`)
      .and.contain(`${origin}/criteo-connect/callback`)
      .and.not.contain('a-secret');
  });
});
