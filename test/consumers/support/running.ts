import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { signConsentCallback } from '../../../lib/consent';
import { type Choice, visit } from '../../../lib/sandbox/person';
import { type Page, Visitor } from '../../support/jar';
import type { Project } from './project';

/** A port that was free a moment ago: the callback URL must be known before the application listens. */
async function freePort(): Promise<number> {
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

/** Somebody with a browser, who has an account at Criteo. */
export class Person {
  readonly #visitor = new Visitor();
  constructor(readonly home: string) {}

  open(path: string, from?: string): Promise<Page> {
    return this.#visitor.open(new URL(path, this.home).href, from);
  }

  /** Goes to `path`, is sent to Criteo, decides, and comes back. */
  async decide(path: string, choice: Choice = { decision: 'approve', ids: undefined }): Promise<Page> {
    const { location } = await this.open(path);
    return this.open(await consent(location, choice), location);
  }

  /** What the home page says of whoever is signed in. */
  async signedIn(): Promise<unknown> {
    const { body } = await this.open('/');
    return body.startsWith('{') ? JSON.parse(body) : body;
  }
}

/** Decides on a consent page of whatever sandbox it is. */
export function consent(location: string, choice: Choice): Promise<string> {
  return visit({ url: new URL(location).origin, onConnection: () => {} }, location, choice);
}

export interface Expectations {
  /** Whether the framework has passport.authorize, or something like it. */
  linking: boolean;
}

/** The same for every framework: what its example does, over HTTP. */
export function behaves(started: () => Running | undefined, { linking }: Expectations = { linking: true }): void {
  let person: Person;
  let running: Running;
  beforeEach(() => {
    const now = started();
    assert(now);
    running = now;
    person = new Person(running.home);
  });

  it('signs a person in', async () => {
    const page = await person.decide('/criteo-auth');
    expect([page.status, page.location, page.body]).to.deep.include.members([302, `${person.home}/`]);
    expect(await person.signedIn()).to.deep.equal({ user: 'Northwind Outdoor and 4 more', connected: [] });
  });

  it('says that the person declined', async () => {
    const page = await person.decide('/criteo-auth', { decision: 'deny' });
    expect(page.status).to.equal(401);
    expect(page.body).to.match(/access_denied/);
    expect(await person.signedIn()).to.match(/Sign in with Criteo/);
  });

  it('refuses a login that another browser began, and says what is likely wrong', async () => {
    const { location } = await person.open('/criteo-auth');
    const back = await consent(location, { decision: 'approve', ids: undefined });
    const page = await new Person(person.home).open(back);
    expect(page.status).to.equal(401);
    expect(page.body)
      .to.match(/state_unknown/)
      .and.match(/cookie/);
    expect((await person.open(back)).location).to.equal(`${person.home}/`);
  });

  it('refuses a callback that comes twice', async () => {
    const { location } = await person.open('/criteo-auth');
    const back = await consent(location, { decision: 'approve', ids: undefined });
    await person.open(back);
    const again = await person.open(back);
    expect([again.status, /^\W*(state_unknown|.*"code":"state_unknown")/.test(again.body)]).to.deep.equal([401, true]);
  });

  if (linking) {
    it('connects Criteo to a person who stays signed in', async () => {
      await person.decide('/criteo-auth');
      const page = await person.decide('/criteo-connect', {
        decision: 'approve',
        ids: [await firstAdvertiser(person)],
      });
      expect(page.location, page.body).to.equal(`${person.home}/`);
      expect(await person.signedIn()).to.deep.equal({
        user: 'Northwind Outdoor and 4 more',
        connected: ['Northwind Outdoor'],
      });
    });
  }

  it('takes a consent that Criteo signed, and refuses others', async () => {
    const body = JSON.stringify({ Type: 'ConsentGranted', AcceptedScopes: [], Advertisers: ['13'], State: 'user-42' });
    const deliver = async (signature: string): Promise<number> => {
      const headers = { 'content-type': 'application/json', 'x-criteo-hmac-sha512': signature };
      const { status } = await fetch(`${person.home}/criteo-consent`, { method: 'POST', body, headers });
      return status;
    };
    expect(await deliver(signConsentCallback(body, 'another secret'))).to.equal(401);
    expect(await deliver(signConsentCallback(body, signingSecret))).to.equal(204);
    expect((await running.printed('ConsentGranted for user-42')).match(/ConsentGranted/g)).to.have.length(1);
  });
}

/** The id of an advertiser that the person can share, as the consent page shows it. */
async function firstAdvertiser(person: Person): Promise<string> {
  const { location } = await person.open('/criteo-connect');
  const page = await person.open(location);
  return /name="advertiser" value="([^"]*)"/.exec(page.body)?.[1] ?? '';
}
