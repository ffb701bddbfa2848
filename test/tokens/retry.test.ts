import { expect } from 'chai';
import { CriteoTokenError, CriteoTransportError } from '../../lib/errors';
import { askTwice } from '../../lib/tokens/retry';
import { rejection } from '../support/errors';
import { VirtualTime } from '../support/simulation/virtual-time';

describe('A token request that fails', () => {
  /** Returns the timeouts of the requests that were sent; each failed. */
  async function timeouts(timeout: number, error: Error): Promise<number[]> {
    const given: number[] = [];
    const ask = (milliseconds: number): Promise<never> => {
      given.push(milliseconds);
      return Promise.reject(error);
    };
    const time = new VirtualTime();
    const timers = { ...time.timers(), random: () => 0 };
    const asking = askTwice(timeout, ask, () => true, timers);
    asking.catch(() => {});
    await time.run(timeout);
    expect(await rejection(asking, Error)).to.equal(error);
    return given;
  }

  const down = new CriteoTransportError('down', { code: 'connection_failed', status: 502, retryable: true });

  for (const [what, error, isRepeated] of [
    ['Criteo could not be reached', down, true],
    [
      'Criteo says to try later',
      new CriteoTokenError('busy', { code: 'temporarily_unavailable', status: 503, retryable: true }),
      true,
    ],
    ['the response is of no use', new CriteoTransportError('html', { code: 'invalid_response', status: 502 }), false],
    ['Criteo refused it', new CriteoTokenError('no', { code: 'invalid_client', status: 500 }), false],
    ['the error is not of this package', Object.assign(new Error('bug'), { retryable: true }), false],
  ] as const) {
    it(`is ${isRepeated ? 'repeated' : 'not repeated'} if ${what}`, async () => {
      expect(await timeouts(2000, error)).to.have.length(isRepeated ? 2 : 1);
    });
  }

  it('is repeated after a pause, with the rest of the timeout', async () => {
    expect(await timeouts(2000, down)).to.deep.equal([2000, 1875]);
  });

  it('is repeated if half a second is left after the pause, and not if less is left', async () => {
    expect(await timeouts(625, down)).to.deep.equal([625, 500]);
    expect(await timeouts(624, down)).to.deep.equal([624]);
  });
});
