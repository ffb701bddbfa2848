import { expect } from 'chai';
import { CriteoTransportError } from '../../lib/errors';
import { Slots } from '../../lib/tokens/slots';
import { rejection } from '../support/errors';

describe('The slots for refreshes', () => {
  it('are given out in the order of the queue, those with a lock first', async () => {
    const slots = new Slots(1, 1000);
    const order: string[] = [];
    await slots.take();
    const all = ['first', 'second'].map(async (name) => slots.take().then(() => order.push(name)));
    all.push(slots.take(true).then(() => order.push('has a lock')));
    for (let i = 0; i < 3; i += 1) {
      slots.free();
      await new Promise(setImmediate);
    }
    await Promise.all(all);
    expect(order).to.deep.equal(['has a lock', 'first', 'second']);
    slots.free();
    await slots.take();
  });

  it('are waited for only so long', async () => {
    const slots = new Slots(1, 10);
    await slots.take();
    const error = await rejection(slots.take(), CriteoTransportError);
    expect(error).to.include({ code: 'timeout', retryable: true });
    expect(error.message).to.include('concurrency');
    // Who has gone is not served: the slot is free for the next one.
    slots.free();
    await slots.take();
  });

  it('are refused to all once closed', async () => {
    const slots = new Slots(1, 1000);
    await slots.take();
    const waiting = slots.take();
    const reason = new Error('closed');
    slots.close(reason);
    expect(await rejection(waiting, Error)).to.equal(reason);
    expect(await rejection(slots.take(), Error)).to.equal(reason);
  });
});
