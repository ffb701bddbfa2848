import { once } from 'node:events';
import { expect } from 'chai';
import { CriteoTokenError, CriteoTransportError, HookTimeoutError, TokenStoreError } from '../../lib/errors';
import { realTimers } from '../../lib/tokens/clock';
import { Exclusive, type TokenLock } from '../../lib/tokens/lock';
import type { TokenSource } from '../../lib/tokens/token-source';
import { rejection } from '../support/errors';
import { VirtualTime } from '../support/simulation/virtual-time';
import { gate, LIFE, opener, until } from './support';

/** A lock as processes share one: whoever comes later waits. */
function mutex(): { lock: TokenLock; held(): boolean } {
  let last: Promise<unknown> = Promise.resolve();
  let held = false;
  const lock: TokenLock = (_key, work) => {
    const turn = last.then(async () => {
      held = true;
      await work().finally(() => {
        held = false;
      });
    });
    last = turn.catch(() => {});
    return turn;
  };
  return { lock, held: () => held };
}

describe('A lock', () => {
  const open = opener();

  it('lets one of many processes refresh, and the others use its token', async () => {
    const { source, consent, pass, asked } = await open();
    const { lock } = mutex();
    const processes = Array.from({ length: 5 }, () => source({ lock }));
    await processes[0]?.save('user-1', await consent());
    pass(LIFE);
    const tokens = await Promise.all(processes.map((process) => process.accessToken('user-1')));
    expect(new Set(tokens).size).to.equal(1);
    expect(asked()).to.equal(1);
    const forced = await Promise.all(
      processes.map((process) => process.accessToken('user-1', { force: tokens[0] ?? '' })),
    );
    expect(new Set(forced).size).to.equal(1);
    expect(asked()).to.equal(2);
  });

  it('is not told the tokens by the work that it does, but whether that failed', async () => {
    const { source, consent, pass, sandbox } = await open();
    const told: unknown[] = [];
    const connections = source({
      lock: async (_key, work) => {
        told.push(await work().catch((error: unknown) => error));
      },
    });
    await connections.save('user-1', await consent());
    pass(LIFE);
    await connections.accessToken('user-1');
    expect(told).to.deep.equal([undefined, undefined]);
    pass(LIFE);
    sandbox.fault({ on: 'token', status: 401, times: Infinity });
    await rejection(connections.accessToken('user-1'), CriteoTokenError);
    expect(told[2]).to.be.instanceOf(CriteoTokenError);
  });

  it('is held for saving, refreshing and deleting, and not for a token that is still valid', async () => {
    const { source, consent } = await open();
    const keys: string[] = [];
    const connections = source({
      lock: (key, work) => {
        keys.push(key);
        return work();
      },
    });
    await connections.save('a', await consent());
    await connections.accessToken('a');
    expect(keys).to.deep.equal(['a']);
    await connections.delete('a');
    expect(keys).to.deep.equal(['a', 'a']);
  });

  it('is free again when the token is returned', async () => {
    const { source, consent, pass } = await open();
    const { lock, held } = mutex();
    let released = false;
    const connections = source({
      lock: async (key, work) => {
        await lock(key, work);
        await new Promise((resolve) => setTimeout(resolve, 10));
        released = true;
      },
    });
    await connections.save('user-1', await consent());
    pass(LIFE);
    released = false;
    await connections.accessToken('user-1');
    expect({ released, held: held() }).to.deep.equal({ released: true, held: false });
  });

  it('that cannot be released does not change the result', async () => {
    const { source, consent, pass, store } = await open({ timeout: 200 });
    for (const release of [() => Promise.reject(new Error('expired')), () => new Promise(() => {})]) {
      const connections = source({
        lock: async (_key, work) => {
          await work();
          await release();
        },
      });
      store.set('user-1', await consent());
      pass(LIFE);
      expect(await connections.accessToken('user-1')).to.equal(store.get('user-1')?.accessToken);
    }
  });

  it('does not hide the error of the work', async () => {
    const { source, consent, pass, sandbox } = await open();
    const { lock } = mutex();
    const seen: unknown[] = [];
    const connections = source({
      lock: (key, work) =>
        lock(key, () =>
          work().catch((error) => {
            seen.push(error);
            throw error;
          }),
        ),
    });
    await connections.save('user-1', await consent());
    sandbox.fault({ on: 'token', status: 503, times: 2 });
    pass(LIFE);
    const error = await rejection(connections.accessToken('user-1'), CriteoTransportError);
    // The lock gets it too: one that is a transaction rolls back.
    expect(seen).to.deep.equal([error]);
    pass(2000);
    await connections.accessToken('user-1');
  });

  it('that calls the work twice starts it once', async () => {
    const { source, consent, pass, asked } = await open();
    const connections = source({ lock: (_key, work) => Promise.all([work(), work()]) });
    await connections.save('user-1', await consent());
    pass(LIFE);
    await connections.accessToken('user-1');
    expect(asked()).to.equal(1);
  });

  const broken = new Error('no Redis');
  for (const [how, lock, text] of [
    [
      'throws',
      () => {
        throw broken;
      },
      'no Redis',
    ],
    ['rejects', () => Promise.reject(broken), 'no Redis'],
    ['ends without calling the work', async () => {}, 'without calling work'],
  ] as const) {
    it(`that ${how} is an error without a request, and a token that is still valid is returned`, async () => {
      const { source, consent, pass, asked, store } = await open();
      const tokens = await consent();
      store.set('user-1', tokens);
      const connections = source({ lock });
      pass(LIFE - 1);
      expect(await connections.accessToken('user-1')).to.equal(tokens.accessToken);
      pass(1);
      const error = await rejection(connections.accessToken('user-1'), TokenStoreError);
      expect(error).to.include({ code: 'lock_failed', status: 503, retryable: true });
      expect(error.message).to.include('lock of the token source failed: see the cause');
      expect(String(error.cause)).to.include(text);
      expect(asked()).to.equal(0);
    });
  }

  it('that is not acquired within four times the timeout is an error, and starts nothing if it is acquired later', async () => {
    const { source, consent, pass, asked, store } = await open({ timeout: 10 });
    store.set('user-1', await consent());
    const had = gate();
    const outcome = gate<unknown>();
    const connections = source({
      lock: async (_key, work) => {
        await had.promise;
        await work().then(outcome.open, outcome.open);
      },
    });
    pass(LIFE);
    const error = await rejection(connections.accessToken('user-1'), TokenStoreError);
    expect(error.code).to.equal('lock_failed');
    expect(error.cause).to.be.instanceOf(HookTimeoutError).and.have.property('message').that.includes('40 ms');
    expect(String(error.cause)).to.include('the lock was not acquired');
    had.open();
    const late = await outcome.promise;
    expect(late).to.be.instanceOf(HookTimeoutError).and.have.property('message').that.includes('nothing was done');
    expect(asked()).to.equal(0);
  });

  it('and the queue before it, together, make save and delete wait for four times the timeout at most', async () => {
    const { source, consent, store } = await open({ timeout: 25 });
    const connections = source({ lock: () => new Promise(() => {}) });
    const tokens = await consent();
    const started = performance.now();
    const calls = [connections.save('a', tokens), connections.delete('a'), connections.save('a', tokens)];
    for (const call of calls) {
      const error = await rejection(call, TokenStoreError);
      expect(error).to.include({ code: 'lock_failed', retryable: true });
      expect(String(error.cause)).to.include('100 ms');
    }
    // One after the other would take three times as long.
    expect(performance.now() - started).to.be.below(250);
    expect(store.size).to.equal(0);
    // Other connections do not wait.
    await rejection(connections.save('b', tokens), TokenStoreError);
  });

  it('that is late at the moment in which the source closes is an error of the lock', async () => {
    const time = new VirtualTime();
    const closing = new AbortController();
    const turns = new Exclusive(() => new Promise(() => {}), 10, {
      ...time.timers(),
      after: (milliseconds, run) =>
        time.after(milliseconds, () => {
          run();
          closing.abort(new Error('closed'));
        }),
    });
    const run = rejection(
      turns.run('user-1', async () => {}, closing.signal),
      TokenStoreError,
    );
    await time.run(40);
    expect(await run).to.include({ code: 'lock_failed', retryable: true });
  });

  it('that is released slowly delays the caller by a second at most', async () => {
    const { source, consent, pass } = await open();
    const connections = source({
      lock: async (_key, work) => {
        await work();
        await new Promise((resolve) => setTimeout(resolve, 5000).unref());
      },
    });
    const tokens = await consent();
    const started = performance.now();
    await connections.save('user-1', tokens);
    pass(LIFE);
    expect(performance.now() - started).to.be.within(900, 3000);
  });

  it('that ignores the promise of the work causes no unhandled rejection', async () => {
    const { source, consent, pass, sandbox, store } = await open();
    store.set('user-1', await consent());
    const connections = source({
      lock: (_key, work) => {
        work('not a signal' as never);
      },
    });
    sandbox.fault({ on: 'token', status: 401 });
    pass(LIFE);
    await rejection(connections.accessToken('user-1'), CriteoTokenError);
    await new Promise(setImmediate);
  });

  it('that another process holds does not stop the refresh of other connections', async () => {
    const { source, consent, pass, store } = await open();
    const connections = source({
      concurrency: 2,
      lock: (key, work, unwanted) => (key.startsWith('held') ? once(unwanted as AbortSignal, 'abort') : work()),
    });
    for (const key of ['held-1', 'held-2', 'held-3', 'free']) store.set(key, await consent());
    pass(LIFE);
    const waiting = ['held-1', 'held-2', 'held-3'].map((key) => connections.accessToken(key));
    for (const each of waiting) each.catch(() => {});
    expect(await connections.accessToken('free')).to.be.a('string');
    await connections.close();
  });

  for (const [when, timeout, end] of [
    ['the source closes', 10_000, (connections: TokenSource) => connections.close()],
    ['four times the timeout is over', 50, () => {}],
  ] as const) {
    it(`that is not held yet is told if ${when}, and close waits until it has heard that`, async () => {
      const { source, consent, pass, store, asked } = await open({ timeout });
      store.set('user-1', await consent());
      pass(LIFE);
      const heard = gate();
      const log: string[] = [];
      const connections = source({
        lock: async (_key, work, unwanted) => {
          heard.open();
          await once(unwanted as AbortSignal, 'abort');
          // It was acquired at the same moment.
          await work().catch((error: Error) => log.push(error.name));
          await new Promise((resolve) => setTimeout(resolve, 20));
          log.push('released');
        },
      });
      const token = rejection(connections.accessToken('user-1'), TokenStoreError);
      await heard.promise;
      await end(connections);
      await token;
      await connections.close();
      expect(log).to.deep.equal(['HookTimeoutError', 'released']);
      expect(asked()).to.equal(0);
    });
  }

  it('leaves no timer running', async () => {
    const { source, consent, pass } = await open();
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const connections = source({ lock: mutex().lock });
    await connections.save('user-1', await consent());
    pass(LIFE);
    await connections.accessToken('user-1');
    await until(() => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length <= before);
  });
});

describe('The queue of one connection', () => {
  it('lets one operation after the other work, those that come later too', async () => {
    const turns = new Exclusive(undefined, 1000, realTimers);
    const ends = [gate(), gate()];
    const log: string[] = [];
    const run = (name: string, end?: Promise<void>) =>
      turns.run('user-1', async () => {
        log.push(`${name} starts`);
        await end;
        log.push(`${name} ends`);
      });
    const first = run('first', ends[0]?.promise);
    const second = run('second', ends[1]?.promise);
    ends[0]?.open();
    await first;
    await until(() => log.includes('second starts'));
    const third = run('third');
    await new Promise(setImmediate);
    ends[1]?.open();
    await Promise.all([second, third]);
    expect(log.slice(2)).to.deep.equal(['second starts', 'second ends', 'third starts', 'third ends']);
  });

  it('does not start an operation that waited too long, not even later', async () => {
    const time = new VirtualTime();
    const turns = new Exclusive(undefined, 10, time.timers());
    const end = gate();
    const first = turns.run('user-1', () => end.promise);
    let isStarted = false;
    const second = rejection(
      turns.run('user-1', async () => {
        isStarted = true;
      }),
      TokenStoreError,
    );
    await time.run(40);
    const error = await second;
    expect(error).to.include({ code: 'lock_failed', retryable: true });
    expect(String(error.cause)).to.include('40 ms').and.include('an earlier operation on the same connection');
    end.open();
    await first;
    await turns.idle();
    expect(isStarted).to.equal(false);
  });
});
