import { expect } from 'chai';
import { isRecord, parseJSON, withoutMark } from '../../lib/util/json';

describe('withoutMark', () => {
  it('returns a text without the byte order mark at its start, and leaves everything else', () => {
    for (const [text, expected] of [
      ['\ufeff{"a":1}', '{"a":1}'],
      ['{"a":1}', '{"a":1}'],
      ['\ufeff\ufeffx', '\ufeffx'],
      ['x\ufeff', 'x\ufeff'],
      ['\ufeff', ''],
      ['', ''],
    ] as const) {
      expect(withoutMark(text)).to.equal(expected);
    }
  });
});

describe('parseJSON', () => {
  it('returns the value, or undefined if the text is not JSON', () => {
    expect(parseJSON('{"a":[null]}')).to.eql({ a: [null] });
    expect(parseJSON('null')).to.equal(null);
    for (const text of ['', '{', '\ufeff{}', '<html>', 'undefined', '{"a":1}x'])
      expect(parseJSON(text)).to.equal(undefined);
  });
});

describe('isRecord', () => {
  it('is true for objects only', () => {
    expect(isRecord({})).to.equal(true);
    expect(isRecord(Object.create(null))).to.equal(true);
    for (const value of [null, undefined, [], 'x', 1, true, () => {}]) expect(isRecord(value)).to.equal(false);
  });
});
