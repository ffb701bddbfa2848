import { execFile } from 'node:child_process';
import diagnostics, { type ChannelListener, channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { CriteoClient, CriteoStrategy, TokenSource } from '../../lib/index';
import { createSandbox, type Sandbox } from '../../lib/sandbox';
import { authenticate } from '../support/passport';
import { measureCriteo } from './docs/observability';

// The working directory, because coverage runs a compiled copy of this file in another folder.
const root = process.cwd();
const callbackURL = 'https://app.example.com/callback';

describe('Diagnostics', () => {
  let sandbox: Sandbox;
  let app: { clientID: string; clientSecret: string };
  let strategy: CriteoStrategy;
  let session: object;
  beforeEach(async () => {
    sandbox = await createSandbox();
    const { clientID, clientSecret } = sandbox.app;
    app = { clientID, clientSecret };
    session = {};
    const verify = (): object => ({ id: '1' });
    strategy = new CriteoStrategy({ ...app, ...sandbox.endpoints, callbackURL, verify });
  });
  const listening: (() => unknown)[] = [];
  afterEach(async () => {
    for (const stop of listening.splice(0)) stop();
    for (const kind of ['exchange', 'login']) expect(channel(`passport-criteo:${kind}`).hasSubscribers).to.equal(false);
    await sandbox.close();
  });

  const go = (query: object = {}) => authenticate(strategy, { method: 'GET', headers: {}, session, query });
  const begin = async (): Promise<string> => String((await go()).args[0]);
  const finish = (back: string) => go(Object.fromEntries(new URL(back).searchParams));

  /** Collects what is published on a channel during a test. */
  function published(name: string): Record<string, unknown>[] {
    const events: Record<string, unknown>[] = [];
    const listen: ChannelListener = (event) => events.push({ ...(event as object) });
    subscribe(`passport-criteo:${name}`, listen);
    listening.push(() => unsubscribe(`passport-criteo:${name}`, listen));
    return events;
  }
  const without = (events: Record<string, unknown>[]) =>
    events.map(({ milliseconds, ...rest }) => {
      expect(milliseconds).to.be.a('number').within(0, 60_000);
      return rest;
    });

  it('report endpoint, status, outcome and duration of every exchange, and nothing else', async () => {
    const events = published('exchange');
    await finish(await sandbox.approve(await begin()));
    const { apiURL } = sandbox.endpoints;
    expect(without(events)).to.deep.equal([
      { method: 'POST', endpoint: `${apiURL}/oauth2/token`, status: 200, outcome: 'answered' },
      { method: 'GET', endpoint: `${apiURL}/2026-07/advertisers/me`, status: 200, outcome: 'answered' },
    ]);
  });

  it('report refused and failed exchanges, and API calls without their query', async () => {
    const events = published('exchange');
    const { apiURL } = sandbox.endpoints;
    const client = new CriteoClient({ ...app, apiURL });
    await client.refresh('unknown').catch(() => {});
    sandbox.fault({ on: 'token', reset: true, times: 2 });
    await client.clientCredentials().catch(() => {});
    const source = new TokenSource({ client, grant: 'client_credentials' });
    await source.fetch(undefined, '/2026-07/advertisers/me?secret=query');
    expect(without(events)).to.deep.equal([
      { method: 'POST', endpoint: `${apiURL}/oauth2/token`, status: 400, outcome: 'answered' },
      { method: 'POST', endpoint: `${apiURL}/oauth2/token`, status: undefined, outcome: 'connection_failed' },
      { method: 'POST', endpoint: `${apiURL}/oauth2/token`, status: 200, outcome: 'answered' },
      { method: 'GET', endpoint: `${apiURL}/2026-07/advertisers/me`, status: 200, outcome: 'answered' },
    ]);
  });

  it('report the outcome of every login, with the code of its failure or error', async () => {
    const events = published('login');
    await finish(await sandbox.approve(await begin()));
    await finish(await sandbox.deny(await begin()));
    await go({ code: 'x', state: 'unknown' });
    const back = await sandbox.approve(await begin());
    sandbox.advance(31_000);
    await finish(back);
    const started = { strategy: 'criteo', outcome: 'redirect', code: undefined };
    expect(without(events)).to.deep.equal([
      started,
      { strategy: 'criteo', outcome: 'success', code: undefined },
      started,
      { strategy: 'criteo', outcome: 'fail', code: 'access_denied' },
      { strategy: 'criteo', outcome: 'fail', code: 'state_unknown' },
      started,
      { strategy: 'criteo', outcome: 'error', code: 'invalid_grant' },
    ]);
  });

  it('feed a meter as the documentation shows', async () => {
    const recorded: [name: string, attributes: object][] = [];
    // Apps measure for as long as they run; other tests need a process without a listener.
    const original = diagnostics.subscribe;
    diagnostics.subscribe = (name, listener) => {
      original(name, listener);
      listening.push(() => unsubscribe(name, listener));
    };
    measureCriteo({
      createHistogram: (name) => ({ record: (_value, attributes) => recorded.push([name, attributes]) }),
    });
    diagnostics.subscribe = original;
    const back = await sandbox.approve(await begin());
    sandbox.fault({ on: 'token', reset: true });
    await finish(back);
    expect(recorded).to.deep.equal([
      ['criteo.login.duration', { strategy: 'criteo', outcome: 'redirect', code: undefined }],
      [
        'http.client.request.duration',
        {
          'http.request.method': 'POST',
          'url.full': `${sandbox.endpoints.apiURL}/oauth2/token`,
          'http.response.status_code': undefined,
          'error.type': 'connection_failed',
        },
      ],
      ['criteo.login.duration', { strategy: 'criteo', outcome: 'error', code: 'connection_failed' }],
    ]);
  });

  it('print one line without secrets for each exchange if NODE_DEBUG is set, and nothing otherwise', async () => {
    const { apiURL } = sandbox.endpoints;
    const script = `
      const { CriteoClient } = require(${JSON.stringify(join(root, 'lib/index'))});
      const client = new CriteoClient(${JSON.stringify({ ...app, apiURL })});
      client.refresh('a-refresh-token').catch(() => client.clientCredentials());`;
    const lines = async (NODE_DEBUG: string): Promise<string[]> => {
      const env = { PATH: process.env['PATH'], NODE_DEBUG };
      const args = ['--require', 'tsx/cjs', '--eval', script];
      const { stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
      return stderr.split('\n').filter((line) => line !== '');
    };
    const [printed, nothing] = await Promise.all([lines('passport-criteo'), lines('')]);
    expect(printed).to.have.length(2);
    expect(printed[0]).to.match(
      /^PASSPORT-CRITEO \d+: POST http:\/\/127\.0\.0\.1:\d+\/oauth2\/token: 400 after \d+ ms$/,
    );
    expect(printed[1]).to.match(/: 200 after \d+ ms$/);
    expect(nothing).to.deep.equal([]);
  });
});
