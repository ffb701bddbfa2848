import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { signConsentCallback } from '../../../lib';
import { type Choice, visit } from '../../../lib/sandbox/visitor';
import { CookieClient, type Page } from '../../support/cookie-client';
import type { Project } from './project';

/** A port that was free a moment ago: the callback URL must be known before the application listens. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, 'localhost');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** An application in a process of its own, as `npm start` would start it. */
export interface Running {
  /** Where it is. */
  home: string;
  /** Waits until it has printed a text, and gives all that it has printed. */
  printed(text: string): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a server of a project's and waits until it says that it listens. */
export async function start(project: Project, file: string, environment: Record<string, string> = {}) {
  const port = await freePort();
  const env = { PATH: process.env['PATH'], PORT: String(port), NODE_OPTIONS: '--pending-deprecation', ...environment };
  const child = spawn(process.execPath, [file], { cwd: project.path, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let output = '';
  const news = new EventEmitter();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      news.emit('printed');
    });
  }
  const printed = async (text: string): Promise<string> => {
    const over = ended.then(() => Promise.reject(new Error(`The application ended: ${output}`)));
    while (!output.includes(text)) await Promise.race([once(news, 'printed'), over]);
    return output;
  };
  const running: Running = {
    home: `http://localhost:${port}`,
    printed,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
  await printed('Open http');
  return running;
}

export const signingSecret = 'a signing secret of the tests';

/** Decides on the consent page of any sandbox. */
export function consent(location: string, choice: Choice): Promise<string> {
  return visit({ url: new URL(location).origin, onConnection: () => {} }, location, choice);
}

/** Opens `path`, is sent to Criteo, decides, and opens the callback. */
export async function decide(
  client: CookieClient,
  path: string,
  choice: Choice = { decision: 'approve', ids: undefined },
): Promise<Page> {
  const { location } = await client.get(path);
  return client.get(await consent(location, choice), { from: location });
}

/** What the home page says of the user. */
export async function signedIn(client: CookieClient): Promise<unknown> {
  const { body } = await client.get('/');
  return body.startsWith('{') ? JSON.parse(body) : body;
}

export interface Expectations {
  /** Whether the framework has passport.authorize, or something like it. */
  linking: boolean;
}

/** The same for every framework: what its example does, over HTTP. */
export function behaves(started: () => Running | undefined, { linking }: Expectations = { linking: true }): void {
  let client: CookieClient;
  let running: Running;
  beforeEach(() => {
    const now = started();
    assert(now);
    running = now;
    client = new CookieClient(running.home);
  });

  it('keeps nothing of the user but the id in a session cookie that can be read', async () => {
    await decide(client, '/criteo-auth');
    const readable = Object.values(client.cookies()).map((value) => Buffer.from(value, 'base64').toString());
    expect(readable).to.have.lengthOf.at.least(1);
    expect(readable.join('\n')).not.to.match(/Northwind|[tT]oken/);
  });

  it('signs a user in', async () => {
    const page = await decide(client, '/criteo-auth');
    expect([page.status, page.location, page.body]).to.deep.include.members([302, `${running.home}/`]);
    expect(await signedIn(client)).to.deep.equal({ user: 'Northwind Outdoor and 4 more', connected: [] });
  });

  it('tells a user who declined, and writes the code to the log', async () => {
    const page = await decide(client, '/criteo-auth', { decision: 'deny' });
    expect(page.status).to.equal(401);
    expect(page.body).to.match(/access_denied/);
    await running.printed('Criteo login failed: access_denied');
    expect(await signedIn(client)).to.match(/Sign in with Criteo/);
  });

  it('refuses a login that another browser began, and says what is likely wrong', async () => {
    const { location } = await client.get('/criteo-auth');
    const back = await consent(location, { decision: 'approve', ids: undefined });
    const page = await new CookieClient(running.home).get(back);
    expect(page.status).to.equal(401);
    expect(page.body)
      .to.match(/state_unknown/)
      .and.match(/cookie/);
    expect((await client.get(back)).location).to.equal(`${running.home}/`);
  });

  it('refuses a callback that comes twice', async () => {
    const { location } = await client.get('/criteo-auth');
    const back = await consent(location, { decision: 'approve', ids: undefined });
    await client.get(back);
    const again = await client.get(back);
    expect([again.status, /^\W*(state_unknown|.*"code":"state_unknown")/.test(again.body)]).to.deep.equal([401, true]);
  });

  if (linking) {
    it('connects Criteo to a user who stays signed in', async () => {
      await decide(client, '/criteo-auth');
      const page = await decide(client, '/criteo-connect', {
        decision: 'approve',
        ids: [await firstAdvertiser(client)],
      });
      expect(page.location, page.body).to.equal(`${running.home}/`);
      expect(await signedIn(client)).to.deep.equal({
        user: 'Northwind Outdoor and 4 more',
        connected: ['Northwind Outdoor'],
      });
    });
  }

  it('takes a consent that Criteo signed, and refuses others', async () => {
    const body = JSON.stringify({ Type: 'ConsentGranted', AcceptedScopes: [], Advertisers: ['13'], State: 'user-42' });
    const deliver = async (signature: string): Promise<number> => {
      const headers = { 'content-type': 'application/json', 'x-criteo-hmac-sha512': signature };
      const { status } = await fetch(`${running.home}/criteo-consent`, { method: 'POST', body, headers });
      return status;
    };
    expect(await deliver(signConsentCallback(body, 'another secret'))).to.equal(401);
    expect(await deliver(signConsentCallback(body, signingSecret))).to.equal(204);
    expect((await running.printed('ConsentGranted for user-42')).match(/ConsentGranted/g)).to.have.length(1);
  });
}

/** The id of an advertiser that the person can share, as the consent page shows it. */
async function firstAdvertiser(client: CookieClient): Promise<string> {
  const { location } = await client.get('/criteo-connect');
  const page = await client.get(location);
  return /name="advertiser" value="([^"]*)"/.exec(page.body)?.[1] ?? '';
}
