import { expect } from 'chai';
import { backOff, jittered, spread } from '../../lib/util/back-off';

const many = (wait: () => number): number[] => Array.from({ length: 200 }, wait);

describe('jittered', () => {
  it('returns different delays from half of the pause to all of it', () => {
    const waits = many(() => jittered(1000));
    for (const wait of waits) expect(wait).to.be.within(500, 1000);
    expect(new Set(waits)).to.have.length.above(100);
  });

  it('uses the random numbers of the caller', () => {
    expect(jittered(1000, () => 0)).to.equal(500);
    expect(jittered(1000, () => 0.5)).to.equal(750);
  });
});

describe('spread', () => {
  it('returns up to a tenth and half a second more than the server asked for', () => {
    const waits = many(() => spread(3000));
    for (const wait of waits) expect(wait).to.be.within(3000, 3800);
    expect(new Set(waits)).to.have.length.above(100);
  });

  it('uses the random numbers of the caller', () => {
    expect(spread(3000, () => 0)).to.equal(3000);
    expect(spread(3000, () => 0.5)).to.equal(3400);
  });
});

describe('backOff', () => {
  it('returns a delay from half of the pause to all of it if the server asked for nothing', () => {
    for (const wait of many(() => backOff(1000))) expect(wait).to.be.within(500, 1000);
    for (const wait of many(() => backOff(1000, 0))) expect(wait).to.be.within(500, 1000);
  });

  it('returns at least the delay that the server asked for', () => {
    for (const wait of many(() => backOff(250, 3))) expect(wait).to.be.within(3000, 3800);
    expect(backOff(250, 3, () => 0.5)).to.equal(3400);
  });

  it('returns a delay for the pause if the server asked for less', () => {
    expect(backOff(4000, 1, () => 0.5)).to.equal(3000);
  });
});
