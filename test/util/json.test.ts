import { expect } from 'chai';
import { isRecord, parseJSON } from '../../lib/util/json';

describe('parseJSON', () => {
  it('returns the value, or undefined if the text is not JSON', () => {
    expect(parseJSON('{"a":[null]}')).to.eql({ a: [null] });
    expect(parseJSON('null')).to.equal(null);
    for (const text of ['', '{', '<html>', 'undefined', '{"a":1}x']) expect(parseJSON(text)).to.equal(undefined);
  });
});

describe('isRecord', () => {
  it('is true for objects only', () => {
    expect(isRecord({})).to.equal(true);
    expect(isRecord(Object.create(null))).to.equal(true);
    for (const value of [null, undefined, [], 'x', 1, true, () => {}]) expect(isRecord(value)).to.equal(false);
  });
});
