import { expect } from 'chai';
import { coveringArray } from './covering-array';

describe('coveringArray', () => {
  it('has every pair of values in a row, with few rows', () => {
    const factors = { a: ['1', '2', '3'], b: ['1', '2'], c: ['x', 'y', 'z', 'w'], d: ['0', '1'] };
    const rows = coveringArray(factors);
    const entries = Object.entries(factors);
    for (const [name, values] of entries) {
      for (const [other, others] of entries.filter(([one]) => one > name)) {
        for (const a of values) {
          for (const b of others) {
            expect(
              rows.some((row) => row[name] === a && row[other] === b),
              `${name}=${a}, ${other}=${b}`,
            ).to.equal(true);
          }
        }
      }
    }
    expect(rows.length).to.be.below(20);
  });
});
