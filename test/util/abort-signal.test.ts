import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { onAbort, unlessAborted } from '../../lib/util/abort-signal';

const endless = new Promise<never>(() => {});
const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => ({ fulfilled: value }),
    (reason: unknown) => reason,
  );
}

describe('onAbort', () => {
  it('tells all who wait for a signal when it aborts, except those who stopped waiting', () => {
    const control = new AbortController();
    const told: string[] = [];
    const wait = (name: string): (() => void) => onAbort(control.signal, () => told.push(name));
    wait('first');
    const stop = wait('second');
    wait('third');
    stop();
    control.abort();
    expect(told).to.deep.equal(['first', 'third']);
  });

  it('has one listener on a signal for all who wait, and removes it with the last of them', () => {
    const { signal } = new AbortController();
    const stops = Array.from({ length: 20 }, () => onAbort(signal, () => {}));
    for (const stop of stops) {
      expect(listeners(signal)).to.equal(1);
      stop();
    }
    expect(listeners(signal)).to.equal(0);
  });

  it('can wait again for a signal that all have stopped waiting for', () => {
    const control = new AbortController();
    let calls = 0;
    const stop = onAbort(control.signal, () => {});
    stop();
    onAbort(control.signal, () => {
      calls += 1;
    });
    // Stopping twice does not stop another wait.
    stop();
    onAbort(control.signal, () => {});
    expect(listeners(control.signal)).to.equal(1);
    control.abort();
    expect(calls).to.equal(1);
  });
});

describe('unlessAborted', () => {
  it('settles as the promise does if there is no signal, or if it does not abort', async () => {
    const failure = new Error('failed');
    const { signal } = new AbortController();
    for (const given of [undefined, null, signal]) {
      expect(await unlessAborted(Promise.resolve(7), given)).to.equal(7);
      expect(await reasonOf(unlessAborted(Promise.reject(failure), given))).to.equal(failure);
    }
    await new Promise(setImmediate);
    expect(listeners(signal)).to.equal(0);
  });

  it('rejects with the reason of the signal, or with the error that is made of it', async () => {
    const reason = new Error('stopped');
    const control = new AbortController();
    const waiting = reasonOf(unlessAborted(endless, control.signal));
    control.abort(reason);
    expect(await waiting).to.equal(reason);
    // The signal has aborted before this call.
    expect(await reasonOf(unlessAborted(Promise.resolve(7), control.signal))).to.equal(reason);
    expect(await reasonOf(unlessAborted(endless, control.signal, (cause) => ({ cause })))).to.eql({ cause: reason });
  });

  it('leaves no listener on a signal that aborted, even if the promise never settles', async () => {
    const control = new AbortController();
    const waiting = reasonOf(unlessAborted(endless, control.signal));
    control.abort();
    await waiting;
    await reasonOf(unlessAborted(endless, control.signal));
    expect(listeners(control.signal)).to.equal(0);
  });
});
