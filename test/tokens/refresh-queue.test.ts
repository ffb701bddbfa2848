import { expect } from 'chai';
import { CriteoTransportError } from '../../lib/errors';
import { RefreshQueue } from '../../lib/tokens/refresh-queue';
import { rejection } from '../support/errors';

describe('The queue of refreshes', () => {
  const open = new AbortController().signal;

  it('lets refreshes start in the order in which they came, those that hold a lock first', async () => {
    const queue = new RefreshQueue(1, 1000, open);
    const order: string[] = [];
    await queue.enter();
    const all = ['first', 'second'].map(async (name) => queue.enter().then(() => order.push(name)));
    all.push(queue.enter(true).then(() => order.push('has a lock')));
    for (let i = 0; i < 3; i += 1) {
      queue.leave();
      await new Promise(setImmediate);
    }
    await Promise.all(all);
    expect(order).to.deep.equal(['has a lock', 'first', 'second']);
    queue.leave();
    await queue.enter();
  });

  it('refuses a refresh that waited too long, and does not start it later', async () => {
    const queue = new RefreshQueue(1, 10, open);
    await queue.enter();
    const error = await rejection(queue.enter(), CriteoTransportError);
    expect(error).to.include({ code: 'timeout', retryable: true });
    expect(error.message).to.include('concurrency');
    // What was refused takes no place: the next one can start.
    queue.leave();
    await queue.enter();
  });

  it('refuses all refreshes once the source is closed', async () => {
    const closing = new AbortController();
    const queue = new RefreshQueue(1, 1000, closing.signal);
    await queue.enter();
    const waiting = queue.enter();
    const reason = new Error('closed');
    closing.abort(reason);
    expect(await rejection(waiting, Error)).to.equal(reason);
    expect(await rejection(queue.enter(), Error)).to.equal(reason);
  });
});
