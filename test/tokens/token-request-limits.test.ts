import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { CriteoAPIError, CriteoTokenError, CriteoTransportError } from '../../lib/errors';
import { realTimers } from '../../lib/tokens/clock';
import { RequestLimits, remembered } from '../../lib/tokens/token-request-limits';
import { expectNoSecret, rejection } from '../support/errors';
import { DAY, gate, LIFE, MINUTE, opener, until } from './support';

describe('The requests to the token endpoint', () => {
  const open = opener();

  it('stop for all connections until the time in Retry-After, and callers get an error at once', async () => {
    const { source, consent, pass, sandbox, asked } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    await connections.save('user-2', await consent());
    pass(LIFE);
    sandbox.fault({ on: 'token', status: 429, headers: { 'retry-after': '60' } });
    await rejection(connections.accessToken('user-1'), CriteoTransportError);
    pass(10_000);
    for (let i = 0; i < 200; i += 1) {
      const error = await rejection(connections.accessToken(`user-${1 + (i % 2)}`), CriteoTransportError);
      expect(error).to.include({ code: 'invalid_response', retryable: true, status: 503 });
      expect(error.retryAfter).to.be.within(50, 57);
      expect(error.message).to.include('asked again in');
      expect(error.cause).to.be.instanceOf(CriteoTransportError);
    }
    expect(asked()).to.equal(1);
    pass(57_000);
    await connections.accessToken('user-2');
    expect(asked()).to.equal(2);
  });

  it('are not sent by refreshes that were in the queue when Retry-After came', async () => {
    const { source, consent, pass, sandbox, asked } = await open();
    const connections = source({ concurrency: 1 });
    const keys = ['user-1', 'user-2', 'user-3'];
    for (const key of keys) await connections.save(key, await consent());
    pass(LIFE);
    const refused = await consent();
    await connections.save('user-3', refused);
    sandbox.fault({ on: 'token', status: 429, headers: { 'retry-after': '60' } });
    const calls = keys.map((key) => connections.accessToken(key, { force: refused.accessToken }));
    for (const call of calls) call.catch(() => {});
    for (const call of calls) {
      expect((await rejection(call, CriteoTransportError)).retryAfter).to.be.within(59, 68);
    }
    expect(asked()).to.equal(1);
  });

  it('for the app’s own token are not sent by refreshes that were in the queue when Retry-After came', async () => {
    const { source, sandbox, asked } = await open();
    const machine = source({ grant: 'client_credentials', concurrency: 1 });
    sandbox.fault({ on: 'token', status: 429, headers: { 'retry-after': '60' } });
    const calls = ['a', 'b'].map((key) => machine.accessToken(key));
    for (const call of calls) call.catch(() => {});
    for (const call of calls) {
      expect((await rejection(call, CriteoTransportError)).retryAfter).to.be.within(59, 68);
    }
    expect(asked('client_credentials')).to.equal(1);
  });

  it('stop as soon as the first Retry-After has come, although its own request is repeated', async () => {
    const { source, consent, pass, sandbox, asked } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    await connections.save('user-2', await consent());
    pass(LIFE);
    sandbox.fault({ on: 'token', status: 429, headers: { 'retry-after': '1' } });
    const response = gate();
    const onExchange = () => response.open();
    subscribe('passport-criteo:exchange', onExchange);
    const first = connections.accessToken('user-1');
    await response.promise;
    unsubscribe('passport-criteo:exchange', onExchange);
    await new Promise((resolve) => setImmediate(resolve));
    const error = await rejection(connections.accessToken('user-2'), CriteoTransportError);
    expect(error).to.include({ code: 'invalid_response', retryable: true });
    expect(asked()).to.equal(1);
    await first;
    expect(asked()).to.equal(2);
  });

  it('stop for the longest Retry-After of those that were under way at once', () => {
    const limits = new RequestLimits(() => 0);
    const error = (retryAfter: number) =>
      new CriteoTransportError('busy', { code: 'invalid_response', status: 503, retryAfter });
    limits.failed('user-1', error(60));
    limits.failed('user-2', error(1));
    expect(limits.pause('user-3')?.milliseconds).to.be.at.least(60_000);
    limits.failed('user-2', error(600));
    expect(limits.pause('user-3')?.milliseconds).to.be.at.least(600_000);
  });

  it('are sent at intervals that grow up to a minute while they fail', async () => {
    const { source, consent, pass, sandbox, asked } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    pass(LIFE);
    sandbox.fault({ on: 'token', status: 401, times: Infinity });
    const at: number[] = [];
    for (let second = 0; second < 600; second += 1) {
      const before = asked();
      const error = await rejection(connections.accessToken('user-1'), CriteoTokenError);
      expect(error).to.include({ code: 'invalid_client', retryable: false });
      if (asked() > before) at.push(second);
      else expect(error.retryAfter).to.be.within(1, 60);
      pass(1000);
    }
    const gaps = at.slice(1).map((second, i) => second - (at[i] ?? 0));
    expect(gaps[0]).to.be.within(1, 2);
    expect(gaps.slice(-5).every((gap) => gap >= 30 && gap <= 61)).to.equal(true);
    expect(asked()).to.be.below(30);
  });

  it('start again at once for a connection that was saved again', async () => {
    const { source, consent, pass, sandbox, asked } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    pass(LIFE);
    sandbox.fault({ on: 'token', status: 401 });
    await rejection(connections.accessToken('user-1'), CriteoTokenError);
    await connections.save(
      'user-1',
      await consent().then((tokens) => ({ ...tokens, expiresAt: tokens.obtainedAt + 1 })),
    );
    pass(1);
    await connections.accessToken('user-1');
    expect(asked()).to.equal(2);
  });

  it('are limited for force: true, which does not replace a token younger than a second', async () => {
    const { source, consent, pass, asked, store } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    for (let i = 0; i < 500; i += 1) {
      expect(await connections.accessToken('user-1', { force: true })).to.equal(store.get('user-1')?.accessToken);
    }
    expect(asked()).to.equal(0);
    for (let i = 0; i < 600; i += 1) {
      await connections.accessToken('user-1', { force: true });
      pass(100);
    }
    expect(asked()).to.be.within(4, 10);
  });

  it('replace a refused token once, and then less and less often', async () => {
    const { source, consent, pass, asked } = await open();
    const connections = source();
    let token = (
      await consent().then(async (tokens) => {
        await connections.save('user-1', tokens);
        return tokens;
      })
    ).accessToken;
    const errors: CriteoAPIError[] = [];
    for (let i = 0; i < 600; i += 1) {
      await connections.accessToken('user-1', { force: token }).then(
        (next) => {
          token = next;
        },
        (error) => errors.push(error),
      );
      pass(100);
    }
    expect(asked()).to.be.within(4, 10);
    expect(errors[0]).to.be.instanceOf(CriteoAPIError);
    expect(errors[0]).to.include({ code: 'fresh_token_refused', retryable: true, status: 503 });
    expect(errors[0]?.retryAfter).to.be.within(1, 60);
    expect(errors[0]?.message).to.include('apiURL and tokenURL');
    expectNoSecret(errors[0], token);
  });

  // A token is replaced early before a minute and half of its lifetime; if it lives for less than two seconds, before a
  // minute.
  for (const [lifetime, age, isEarly] of [
    [LIFE, MINUTE - 1, true],
    [LIFE, MINUTE, false],
    [30_000, 14_999, true],
    [30_000, 15_000, false],
    [2000, 999, true],
    [2000, 1000, false],
    [1999, MINUTE - 1, true],
    [1999, MINUTE, false],
  ] as const) {
    const what = `a token with a lifetime of ${lifetime} ms was replaced at the age of ${age} ms`;
    it(`${isEarly ? 'have to wait' : 'may be sent at once'} after ${what}`, async () => {
      const { source, consent, pass } = await open();
      const connections = source();
      const tokens = await consent();
      await connections.save('user-1', { ...tokens, expiresAt: tokens.obtainedAt + lifetime });
      pass(age);
      const force = await connections.accessToken('user-1', { force: tokens.accessToken });
      const next = connections.accessToken('user-1', { force });
      if (isEarly) expect(await rejection(next, CriteoAPIError)).to.include({ code: 'fresh_token_refused' });
      else expect(await next).to.not.equal(force);
    });
  }

  it('are limited if Criteo returns the refused token again, also for callers that waited for it', async () => {
    const { source, consent, sandbox, asked } = await open();
    const connections = source();
    const tokens = await consent();
    const { accessToken: force } = tokens;
    await connections.save('user-1', tokens);
    const body = { access_token: force, token_type: 'Bearer', expires_in: 900 };
    sandbox.fault({ on: 'token', status: 200, body, delay: 20, times: Infinity });
    const first = connections.accessToken('user-1', { force });
    await until(() => asked() === 1);
    const second = connections.accessToken('user-1', { force });
    expect(await first).to.equal(force);
    expect(await rejection(second, CriteoAPIError)).to.include({ code: 'fresh_token_refused' });
    expect(asked()).to.equal(1);
  });

  it('that have to wait do not bring back a token of a connection that another process has marked as ended', async () => {
    const { source, consent, store, now } = await open();
    const connections = source();
    const tokens = await consent();
    await connections.save('user-1', tokens);
    await connections.accessToken('user-1', { force: tokens.accessToken });
    // The mark of a clock that is wrong by days is not believed without a request.
    store.set('user-1', { ...(store.get('user-1') ?? tokens), reauthorizeSince: now() - 2 * DAY });
    const error = await rejection(connections.accessToken('user-1', { force: true }), CriteoAPIError);
    expect(error).to.include({ code: 'fresh_token_refused', retryable: true });
  });

  // A lifetime of 0 makes no sense, so such a token is used for a minute.
  for (const [lifetime, least, most] of [
    [0, 1, 3],
    [1, 4, 10],
  ] as const) {
    it(`are limited for tokens with an expires_in of ${lifetime}`, async () => {
      const { source, consent, pass, asked, sandbox, store } = await open();
      const connections = source();
      await connections.save('user-1', await consent());
      pass(LIFE);
      const body = { access_token: 'ended', token_type: 'Bearer', expires_in: lifetime };
      sandbox.fault({ on: 'token', status: 200, body, times: Infinity });
      for (let i = 0; i < 600; i += 1) {
        expect(await connections.accessToken('user-1')).to.equal('ended');
        pass(100);
      }
      expect(asked()).to.be.within(least, most);
      expect(store.get('user-1')?.accessToken).to.equal('ended');
    });
  }

  it('are limited if the API refuses every token, and the caller gets the 401 response', async () => {
    const { source, consent, sandbox, asked, pass } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    const body = { errors: [{ code: 'authorization-token-invalid' }] };
    sandbox.fault({ on: 'api', status: 401, body, times: Infinity });
    for (let i = 0; i < 100; i += 1) {
      const response = await connections.fetch('user-1', '/2026-07/advertisers/me');
      expect([response.status, await response.json()]).to.deep.equal([401, body]);
      pass(100);
    }
    expect(asked()).to.be.within(2, 7);
  });

  it('are sent at intervals in the background, while callers get the token that is still valid', async () => {
    const { source, consent, pass, sandbox, asked } = await open();
    const connections = source();
    const tokens = await consent();
    await connections.save('user-1', tokens);
    sandbox.fault({ on: 'token', status: 503, times: Infinity });
    pass(LIFE - 55_000);
    for (let second = 0; second < 50; second += 1) {
      expect((await connections.fetch('user-1', '/2026-07/advertisers/me')).status).to.equal(200);
      pass(1000);
    }
    await until(() => asked() >= 2);
    expect(asked()).to.be.below(20);
  });

  it('may hang without a delay for callers that have a valid token', async () => {
    const { source, consent, pass, sandbox, asked } = await open({ timeout: 300 });
    const connections = source();
    const tokens = await consent();
    await connections.save('user-1', tokens);
    sandbox.fault({ on: 'token', hang: true, times: Infinity });
    pass(LIFE - 55_000);
    for (let i = 0; i < 6; i += 1) expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
    await until(() => asked() === 1);
    await connections.close();
  });

  it('are at most as many at once as the option concurrency says, and each is sent in the end', async () => {
    const { source, client, now } = await open();
    let current = 0;
    let most = 0;
    const served: string[] = [];
    client.refresh = async (refreshToken) => {
      current += 1;
      most = Math.max(most, current);
      await new Promise(setImmediate);
      current -= 1;
      served.push(refreshToken);
      return { accessToken: `a-${refreshToken}`, tokenType: 'Bearer', obtainedAt: now(), expiresAt: now() + LIFE };
    };
    const store = {
      get: (key: string) =>
        ({ accessToken: 'a', tokenType: 'Bearer', obtainedAt: 0, expiresAt: 0, refreshToken: key }) as const,
      set: () => {},
      delete: () => {},
    };
    const connections = source({ store, concurrency: 7 });
    const keys = Array.from({ length: 300 }, (_, i) => `user-${i}`);
    await Promise.all(keys.map((key) => connections.accessToken(key)));
    expect(most).to.equal(7);
    expect(served).to.deep.equal(keys);
  });

  describe('with a clock of the test', () => {
    let now: number;
    let limits: RequestLimits;
    beforeEach(() => {
      now = 1_000_000;
      limits = new RequestLimits(() => now, { ...realTimers, random: () => 0 });
    });
    const failure = (retryAfter?: unknown) =>
      Object.assign(new CriteoTransportError('down', { code: 'connection_failed', status: 502 }), { retryAfter });

    it('wait for the longer of the two: the time in Retry-After and the interval of the connection', () => {
      const [mine, theirs] = [failure(), failure(3)];
      for (let count = 0; count < 7; count += 1) limits.failed('user-1', mine);
      limits.failed('user-2', theirs);
      expect(limits.pause('user-1')).to.deep.equal({ milliseconds: 30_000, error: mine });
      expect(limits.pause('user-2')).to.deep.equal({ milliseconds: 3_000, error: theirs });
      limits.failed('user-2', failure(60));
      expect(limits.pause('user-1')?.milliseconds).to.equal(60_000);
    });

    it('are sent again at the very end of the interval, and not before', () => {
      limits.failed('user-1', failure());
      now += Number(limits.pause('user-1')?.milliseconds) - 1;
      expect(limits.pause('user-1')?.milliseconds).to.equal(1);
      now += 1;
      expect(limits.pause('user-1')).to.equal(undefined);
    });

    it('are not stopped, nor allowed too early, by a Retry-After that is no time', () => {
      for (const value of ['60', Number.NaN, null, undefined, 0, -60]) {
        limits.refused(failure(value));
        expect(limits.pause('user-1'), String(value)).to.equal(undefined);
      }
      limits.refused(failure(60));
      for (const value of ['1', Number.NaN, null, undefined, 0, -60]) {
        limits.refused(failure(value));
        expect(limits.pause('user-1')?.milliseconds, String(value)).to.equal(60_000);
      }
    });

    it('start with the first interval again if the clock was set back', () => {
      for (let count = 0; count < 5; count += 1) limits.failed('user-1', failure());
      expect(limits.pause('user-1')?.milliseconds).to.equal(8_000);
      now -= 500_000;
      limits.failed('user-1', failure());
      expect(limits.pause('user-1')?.milliseconds).to.equal(500);
    });

    it('start with the first interval again a minute after the last one has ended', () => {
      for (let count = 0; count < 5; count += 1) limits.failed('user-1', failure());
      now += 8_000 + 59_999;
      limits.failed('user-1', failure());
      expect(limits.pause('user-1')?.milliseconds).to.equal(16_000);
      now += 16_000 + 60_000;
      limits.failed('user-1', failure());
      expect(limits.pause('user-1')?.milliseconds).to.equal(500);
    });

    it('are remembered as long as they count, however many connections there are', () => {
      for (let count = 0; count < 1500; count += 1) limits.failed(`user-${count}`, failure());
      now += 60_000;
      for (let count = 1500; count < 2999; count += 1) limits.failed(`user-${count}`, failure());
      expect(limits.size).to.equal(2999);
      for (const user of ['user-0', 'user-2998']) limits.failed(user, failure());
      expect(limits.pause('user-0')?.milliseconds).to.equal(1_000);
      expect(limits.pause('user-2998')?.milliseconds).to.equal(1_000);
    });
  });

  it('are forgotten after their interval, even if very many fail', () => {
    let now = 0;
    const limits = new RequestLimits(() => now, realTimers);
    const down = new CriteoTransportError('down', { code: 'connection_failed', status: 502, retryable: true });
    for (let i = 0; i < 999; i += 1) limits.failed(`user-${i}`, down);
    expect(limits.pause('user-1')?.error).to.equal(down);
    now = 3 * MINUTE;
    expect(limits.pause('user-1')).to.equal(undefined);
    limits.failed('one more', down);
    expect(limits.size).to.equal(1);
  });

  it('are not stopped for long by a clock that is set back, or by a server that asks for a day', () => {
    let now = 1_000_000;
    const limits = new RequestLimits(() => now, realTimers);
    const busy = new CriteoTransportError('busy', {
      code: 'invalid_response',
      status: 503,
      retryable: true,
      retryAfter: 86_400,
    });
    limits.failed('user-1', busy);
    expect(limits.pause('user-2')?.milliseconds).to.be.within(3_600_000, 4_000_000);
    now -= 10_000;
    expect(limits.pause('user-2')).to.equal(undefined);
  });

  it('return an error of another kind as it is', () => {
    const error = new Error('not of ours');
    expect(remembered(error, 1000)).to.equal(error);
  });
});
