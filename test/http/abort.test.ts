import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import { CriteoTransportError } from '../../lib/errors';
import { abortable } from '../../lib/http/abort';
import { rejection } from '../support/errors';

describe('abortable', () => {
  const never = new Promise<never>(() => {});

  it('gives the outcome of the promise, and leaves no listener', async () => {
    const { signal } = new AbortController();
    expect(await abortable(Promise.resolve(1), signal)).to.equal(1);
    const boom = new Error('boom');
    expect(await rejection(abortable(Promise.reject(boom), signal), Error)).to.equal(boom);
    await new Promise((resolve) => setImmediate(resolve));
    expect(getEventListeners(signal, 'abort')).to.have.length(0);
  });

  it('rejects when the caller gives up, with the reason as cause', async () => {
    const control = new AbortController();
    const waiting = abortable(never, control.signal);
    const reason = new Error('left');
    control.abort(reason);
    expect(await rejection(waiting, CriteoTransportError)).to.include({ code: 'aborted', cause: reason });
  });

  it('leaves no listener on a signal that had aborted before, and no rejection unhandled', async () => {
    const signal = AbortSignal.abort();
    for (let i = 0; i < 40; i += 1) await rejection(abortable(never, signal), CriteoTransportError);
    await rejection(abortable(Promise.reject(new Error('unheard')), signal), CriteoTransportError);
    expect(getEventListeners(signal, 'abort')).to.have.length(0);
  });

  it('gives an error of ours that is the reason as it is', async () => {
    const reason = new CriteoTransportError('late', { code: 'timeout', status: 504 });
    expect(await rejection(abortable(never, AbortSignal.abort(reason)), Error)).to.equal(reason);
  });
});
