import { expect } from 'chai';
import { randomText } from '../../lib/util/random';

describe('randomText', () => {
  it('returns as many bytes as were asked for, in base64url', () => {
    for (const bytes of [1, 24, 32, 64]) {
      const text = randomText(bytes);
      expect(text).to.match(/^[\w-]+$/);
      expect(Buffer.from(text, 'base64url')).to.have.lengthOf(bytes);
    }
  });

  it('returns random bytes, and none of them twice', () => {
    // In groups of eight bytes, of which none ever comes again, not even the zeros of what is spent.
    const texts = Array.from({ length: 3000 }, (_, index) => randomText(index % 2 ? 24 : 32));
    const groups = texts.flatMap((text) => Buffer.from(text, 'base64url').toString('hex').match(/.{16}/g) ?? []);
    expect(groups).to.have.lengthOf(10_500);
    expect(new Set(groups).size).to.equal(groups.length);
  });
});
