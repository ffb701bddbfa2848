import { expect } from 'chai';
import { callBack } from '../../lib/util/node-callback';

describe('callBack', () => {
  const boom = new Error('boom');
  const handed = (promise: Promise<number>) =>
    new Promise<unknown[]>((resolve) =>
      callBack(
        promise,
        (...answer) => resolve(answer),
        (value) => [value, 'more'],
      ),
    );

  it('calls back with null and the values, or with the error alone', async () => {
    expect(await handed(Promise.resolve(1))).to.eql([null, 1, 'more']);
    expect(await handed(Promise.reject(boom))).to.eql([boom]);
  });

  it('does not catch what the callback throws', async () => {
    // As an uncaught exception and not as a rejection of ours; mocha's own listeners stand aside.
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    try {
      const thrown: unknown[] = [];
      process.on('uncaughtException', (error, origin) => thrown.push([error, origin]));
      let calls = 0;
      callBack(
        Promise.resolve(1),
        () => {
          calls += 1;
          throw boom;
        },
        () => [],
      );
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(thrown).to.eql([[boom, 'uncaughtException']]);
      expect(calls).to.equal(1);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of others) process.on('uncaughtException', listener);
    }
  });
});
