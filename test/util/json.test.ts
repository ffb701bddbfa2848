import { expect } from 'chai';
import { isRecord, parseJSON } from '../../lib/util/json';

describe('parseJSON', () => {
  it('gives the value, and undefined where there is none', () => {
    expect(parseJSON('{"a":[null]}')).to.eql({ a: [null] });
    expect(parseJSON('null')).to.equal(null);
    for (const text of ['', '{', '<html>', 'undefined', '{"a":1}x']) expect(parseJSON(text)).to.equal(undefined);
  });
});

describe('isRecord', () => {
  it('knows objects from everything else', () => {
    expect(isRecord({})).to.equal(true);
    expect(isRecord(Object.create(null))).to.equal(true);
    for (const value of [null, undefined, [], 'x', 1, true, () => {}]) expect(isRecord(value)).to.equal(false);
  });
});
