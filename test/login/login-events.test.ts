import { execFile } from 'node:child_process';
import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { LoginEvent } from '../../lib/login/login-events';
import { authenticate, expectOneOutcomeEach } from '../support/passport';
import { type Answer, errorOf, type Stubbed, stubbed, Visitor } from '../support/strategy';

// The working directory, because coverage runs a compiled copy of this file in another folder.
const root = process.cwd();
const name = 'criteo-retail';

/** Makes a strategy whose `verify` gives a result. */
const giving = (...result: unknown[]): Stubbed =>
  stubbed({ name }, (_at: unknown, _rt: unknown, _profile: unknown, done: Answer) => done(...result));

/** Makes an error with a property that cannot be read. */
const unreadable = (property: string): Error =>
  Object.defineProperty(Object.assign(new Error('no'), { code: 'mine' }), property, {
    get() {
      throw new Error('not to be read');
    },
  });

/** Runs a login. Returns the events that are published of its end. */
async function eventsOf(strategy: Stubbed): Promise<LoginEvent[]> {
  const visitor = new Visitor();
  const state = await visitor.handle(strategy);
  return published(() => visitor.finish(strategy, { code: 'c', state }));
}

async function published(act: () => Promise<unknown>): Promise<LoginEvent[]> {
  const events: LoginEvent[] = [];
  const listen: ChannelListener = (event) => events.push({ ...(event as LoginEvent) });
  subscribe('passport-criteo:login', listen);
  try {
    await act();
    await new Promise(setImmediate);
  } finally {
    unsubscribe('passport-criteo:login', listen);
  }
  return events;
}

describe('Login events', () => {
  expectOneOutcomeEach();

  const visitor = new Visitor();
  const strange = { code: 'c', state: 's' };
  const outcomes: [string, () => Promise<LoginEvent[]>, Partial<LoginEvent>][] = [
    [
      'a login that starts',
      () => published(() => visitor.begin(giving(null, false))),
      { outcome: 'redirect', code: undefined },
    ],
    [
      'a login that succeeds, whose user has a code as well',
      () => eventsOf(giving(null, { id: '1', code: 'DE' })),
      { outcome: 'success', code: undefined },
    ],
    [
      'a callback of an unknown login',
      () => published(() => visitor.finish(giving(null, false), strange)),
      { outcome: 'fail', code: 'state_unknown' },
    ],
    [
      'a login that the app refuses with a code of its own',
      () => eventsOf(giving(null, false, { code: 'no-account' })),
      { outcome: 'fail', code: 'no-account' },
    ],
    [
      'a login without a session',
      () => published(() => authenticate(giving(null, false), { query: {} })),
      { outcome: 'error', code: 'session_missing' },
    ],
    ['a login whose verify fails', () => eventsOf(giving(new Error('no'))), { outcome: 'error', code: undefined }],
  ];
  for (const [what, act, expected] of outcomes) {
    it(`say of ${what}: ${expected.outcome}, ${expected.code ?? 'no code'}, and how long it took`, async () => {
      const startedAt = performance.now();
      const [event, ...others] = await act();
      const longest = performance.now() - startedAt;
      expect(others).to.deep.equal([]);
      const { milliseconds, ...rest } = event ?? {};
      expect(rest).to.deep.equal({ strategy: name, ...expected });
      expect(milliseconds).to.be.a('number').within(0, longest);
    });
  }

  for (const code of ['a secret, in words', '', 'a'.repeat(65), 42, { toString: () => 'word' }]) {
    it(`have no code if that of the app is ${JSON.stringify(code)}, which is no single word`, async () => {
      for (const result of [[null, false, { code }], [Object.assign(new Error('no'), { code })]]) {
        const [event] = await eventsOf(giving(...result));
        expect(event).to.have.property('code', undefined);
      }
    });
  }

  for (const property of ['code', 'message']) {
    it(`have no code, and the app gets its error, if reading the ${property} of that throws`, async () => {
      const error = unreadable(property);
      const strategy = giving(error);
      const events = await published(async () => {
        expect(errorOf(await new Visitor().login(strategy))).to.equal(error);
      });
      expect(events.map(({ outcome, code }) => [outcome, code])).to.deep.equal([
        ['redirect', undefined],
        ['error', undefined],
      ]);
    });
  }

  it('are published once the app was told', async () => {
    const order: string[] = [];
    const listen = () => order.push('published');
    subscribe('passport-criteo:login', listen);
    const strategy = Object.assign(stubbed(), { redirect: () => order.push('told') });
    strategy.authenticate(Object(new Visitor().request({ query: {} })));
    unsubscribe('passport-criteo:login', listen);
    expect(order).to.deep.equal(['told', 'published']);
  });

  it('cost nothing if no subscriber listens: the error of a login is not read', async () => {
    let read = 0;
    const error = Object.defineProperty(new Error('no'), 'code', {
      get: () => {
        read += 1;
        return 'mine';
      },
    });
    errorOf(await new Visitor().login(giving(error)));
    expect(read).to.equal(0);
    expect((await eventsOf(giving(error)))[0]).to.have.property('code', 'mine');
    expect(read).to.equal(1);
  });
});

describe('NODE_DEBUG=passport-criteo', () => {
  it('prints one line for each failed login with code and message, and nothing for other logins', async () => {
    const script = `
      const { authenticate } = require(${JSON.stringify(join(root, 'test/support/passport'))});
      const { stubbed, Visitor } = require(${JSON.stringify(join(root, 'test/support/strategy'))});
      const refusing = (info) => stubbed({}, (_at, _rt, _profile, done) => done(null, false, info));
      (async () => {
        const visitor = new Visitor();
        await visitor.login(stubbed());
        await visitor.login(refusing({ code: 'no single word' }));
        await visitor.login(refusing({ code: 'no-account', message: 'two\\nlines' }));
        await visitor.finish(stubbed(), { code: 'c', state: 's' });
        await authenticate(stubbed(), { query: {} });
      })();`;
    const env = { PATH: process.env['PATH'], NODE_DEBUG: 'passport-criteo' };
    const args = ['--require', 'tsx/cjs', '--eval', script];
    const { stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
    const [refused, unknown, missing, ...others] = stderr
      .split('\n')
      .filter((line) => line.startsWith('PASSPORT-CRITEO'));
    expect(refused).to.match(/^PASSPORT-CRITEO \d+: criteo: login fail: no-account: "two lines"$/);
    expect(unknown).to.match(/^PASSPORT-CRITEO \d+: criteo: login fail: state_unknown: ".*Start again\."$/);
    expect(missing).to.match(
      /^PASSPORT-CRITEO \d+: criteo: login error: session_missing: "There is no req\.session.*"$/,
    );
    expect(others).to.deep.equal([]);
  });
});
