import { expect } from 'chai';
import { CappedBody } from '../../lib/util/capped-body';

describe('CappedBody', () => {
  it('is empty before the first chunk', () => {
    expect(new CappedBody(1).bytes()).to.have.length(0);
  });

  it('joins any number of chunks in their order', () => {
    const body = new CappedBody(20_000);
    const all = Buffer.from(Array.from({ length: 10_000 }, (_, index) => index % 251));
    for (const byte of all) expect(body.add(Uint8Array.of(byte))).to.equal(true);
    expect(body.bytes().equals(all)).to.equal(true);
  });

  it('accepts as many bytes as the limit, and refuses one more', () => {
    const body = new CappedBody(3);
    expect(body.add(Buffer.from('ab'))).to.equal(true);
    expect(body.add(Buffer.from('c'))).to.equal(true);
    expect(body.add(Buffer.from('d'))).to.equal(false);
    expect(body.bytes().toString()).to.equal('abc');
  });

  it('does not copy a body that came in one chunk', () => {
    const body = new CappedBody(10);
    const chunk = Buffer.from('whole');
    body.add(chunk);
    expect(body.bytes()).to.equal(chunk);
  });
});
