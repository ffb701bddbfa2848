import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import util from 'node:util';
import { expect } from 'chai';
import { exchange } from '../../lib/http/exchange';
import type { ExchangeEvent } from '../../lib/http/exchange-events';
import { agents } from '../support/agents';
import { answer, answers, head, type Loopback, opener, type Script } from '../support/loopback';
import { ways } from './support';

const outcomes: [string, Script, number | undefined, string][] = [
  ['a response', answers(answer(200, 'ok')), 200, 'answered'],
  ['a refusal', answers(answer(401, 'no')), 401, 'answered'],
  ['a broken connection', (socket) => socket.destroy(), undefined, 'connection_failed'],
];

describe('An exchange', () => {
  const open = opener();
  const { ours } = agents();
  const listening: (() => unknown)[] = [];
  afterEach(() => {
    for (const stop of listening.splice(0)) stop();
  });

  /** Collects the published exchanges from now on. */
  function published(): ExchangeEvent[] {
    const events: ExchangeEvent[] = [];
    const listen = (event: unknown): unknown => events.push(event as ExchangeEvent);
    subscribe('passport-criteo:exchange', listen);
    listening.push(() => unsubscribe('passport-criteo:exchange', listen));
    return events;
  }

  function askWhole(server: Loopback) {
    const url = server.url('/oauth2/token?q=s3cr3t');
    return exchange({ url, timeout: 2000, agent: ours(server) }, { method: 'GET', limit: 1000 });
  }

  for (const [way, ask] of ways) {
    for (const [what, script, status, outcome] of outcomes) {
      it(`is published once, with its outcome and duration, after ${what} (${way})`, async () => {
        const server = await open(script);
        const events = published();
        const start = performance.now();
        await ask(server, { agent: ours(server) }).catch(() => {});
        const most = performance.now() - start;
        const [{ milliseconds, ...event } = expect.fail()] = events;
        expect(events).to.have.length(1);
        expect(event).to.eql({ method: 'POST', endpoint: `${server.origin}/oauth2/token`, status, outcome });
        expect(milliseconds).to.be.within(0, most);
      });
    }
  }

  it('is published with the status of a response that broke off, and without the query', async () => {
    const server = await open((socket) => socket.end(head(200, { 'content-length': 9 })));
    const events = published();
    await askWhole(server).catch(() => {});
    const [{ milliseconds: _, ...event } = expect.fail()] = events;
    const endpoint = `${server.origin}/oauth2/token`;
    expect(event).to.eql({ method: 'GET', endpoint, status: 200, outcome: 'response_truncated' });
  });

  it('is not published if it started before anyone subscribed, because its start is not known', async () => {
    const server = await open(answers(answer(200, 'ok')));
    const asked = askWhole(server);
    const events = published();
    await asked;
    expect(events).to.eql([]);
  });
});

describe('With NODE_DEBUG=passport-criteo, an exchange', () => {
  const open = opener();
  const { ours } = agents();
  const { debuglog } = util;
  const paths = ['../../lib/http/exchange', '../../lib/http/exchange-events'].map((path) => require.resolve(path));
  const loaded = paths.map((path) => require.cache[path]);
  afterEach(() => {
    util.debuglog = debuglog;
    for (const [i, path] of paths.entries()) require.cache[path] = loaded[i];
  });

  /** Loads `exchange` anew, as in a process with that variable: node reads it once, at the start of the process. */
  function load(): { exchange: typeof exchange; lines: string[] } {
    const lines: string[] = [];
    const log = (...args: unknown[]): unknown => lines.push(util.format(...args));
    util.debuglog = () => Object.assign(log, { enabled: true });
    for (const path of paths) delete require.cache[path];
    return { ...require('../../lib/http/exchange'), lines };
  }

  for (const [what, script, status, outcome] of outcomes) {
    it(`prints one line with status or outcome after ${what}, if there is no subscriber`, async () => {
      const server = await open(script);
      const { exchange, lines } = load();
      const request = { method: 'GET', limit: 1000 };
      await exchange({ url: server.url('/x?q=s3cr3t'), timeout: 2000, agent: ours(server) }, request).catch(() => {});
      expect(lines).to.have.length(1);
      expect(lines[0]).to.match(/^GET http:\S+\/x: \w+ after \d+ ms$/);
      expect(lines[0]).to.include(`${server.origin}/x: ${status ?? outcome} after`);
    });
  }
});
