import { once } from 'node:events';
import { expect } from 'chai';
import { leaseLock } from '../../example/tokens/lease';
import { rejection } from '../support/errors';

const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, 1000 * count));
const row = { take: async () => true, extend: async () => true, release: async () => {} };

describe('The lease that is a lock', () => {
  it('is lost when its five seconds are over, counted from when it was asked for', async () => {
    const take = async () => {
      await seconds(1.5);
      return true;
    };
    const extend = () => Promise.reject(new Error('the database is away'));
    const lock = leaseLock({ ...row, take, extend }, 1000);
    const asked = performance.now();
    await lock('user-1', (lost) => once(lost as AbortSignal, 'abort'));
    expect(performance.now() - asked).to.be.within(4900, 6000);
  }).timeout(10_000);

  it('is lost at once if another process has it', async () => {
    const lock = leaseLock({ ...row, extend: async () => false }, 1000);
    const asked = performance.now();
    await lock('user-1', (lost) => once(lost as AbortSignal, 'abort'));
    expect(performance.now() - asked).to.be.below(4000);
  }).timeout(10_000);

  it('is not tried again if it is not wanted any more', async () => {
    const unwanted = new AbortController();
    let tries = 0;
    const take = async () => {
      tries += 1;
      unwanted.abort();
      return false;
    };
    const lock = leaseLock({ ...row, take }, 10_000);
    await rejection(lock('user-1', () => expect.fail(), unwanted.signal) as Promise<unknown>, Error);
    expect(tries).to.equal(1);
  });

  it('is released if it was taken at the moment at which it was not wanted any more', async () => {
    const unwanted = new AbortController();
    const log: string[] = [];
    const take = async () => {
      unwanted.abort();
      return true;
    };
    const release = async () => log.push('released');
    const lock = leaseLock({ ...row, take, release }, 10_000);
    const late = () => Promise.reject(new Error('too late'));
    await rejection(lock('user-1', late, unwanted.signal) as Promise<unknown>, Error);
    expect(log).to.deep.equal(['released']);
  });
});
