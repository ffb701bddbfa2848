import { expect } from 'chai';
import { backOff } from '../../lib/util/back-off';

describe('backOff', () => {
  const many = (...args: Parameters<typeof backOff>): number[] => Array.from({ length: 200 }, () => backOff(...args));

  it('waits between half of the pause and all of it, never the same', () => {
    const waits = many(1000);
    for (const wait of waits) expect(wait).to.be.within(500, 1000);
    expect(new Set(waits)).to.have.length.above(100);
  });

  it('waits for longer than the server asked, by up to half a second', () => {
    const waits = many(250, 3);
    for (const wait of waits) expect(wait).to.be.within(3000, 3500);
    expect(new Set(waits)).to.have.length.above(100);
  });

  it('waits for the pause if the server asked for less', () => {
    for (const wait of many(2000, 0)) expect(wait).to.be.within(1000, 2000);
  });
});
