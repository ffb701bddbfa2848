import { inspect } from 'node:util';
import { expect } from 'chai';
import { Seal } from '../../lib/state/cookie-encryption';

const [old, recent, foreign] = ['o', 'n', 'f'].map((letter) => letter.repeat(32)) as [string, string, string];

describe('Seal', () => {
  const seal = new Seal('test', [recent]);

  it('decrypts what it encrypted, in any script', () => {
    for (const text of ['', 'a', 'Žluťoučký 🐎', 'x'.repeat(3000)]) {
      expect(seal.open(seal.seal(text, 'here'), 'here')).to.equal(text);
    }
  });

  it('hides the text, and encrypts it differently each time', () => {
    const sealed = new Set(Array.from({ length: 100 }, () => seal.seal('the verifier', 'here')));
    expect(sealed.size).to.equal(100);
    const nonces = new Set([...sealed].map((each) => Buffer.from(each, 'base64url').subarray(0, 12).toString('hex')));
    expect(nonces.size).to.equal(100);
    for (const each of sealed) {
      expect(each).to.match(/^[\w-]+$/);
      expect(Buffer.from(each, 'base64url').toString('latin1')).not.to.contain('verifier');
    }
  });

  it('returns undefined in another context', () => {
    expect(seal.open(seal.seal('text', 'here'), 'there')).to.equal(undefined);
  });

  it('returns undefined for a value that was changed or cut off anywhere, or encoded in another way', () => {
    const sealed = seal.seal('text', 'here');
    const last = sealed.slice(-1);
    for (let at = 0; at < sealed.length; at++) {
      const other = sealed[at] === 'A' ? 'B' : 'A';
      expect(seal.open(`${sealed.slice(0, at)}${other}${sealed.slice(at + 1)}`, 'here'), `at ${at}`).to.equal(
        undefined,
      );
      expect(seal.open(sealed.slice(0, at), 'here'), `up to ${at}`).to.equal(undefined);
    }
    // The last character of 32 encoded bytes has two unused bits.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twin = alphabet[alphabet.indexOf(last) ^ 1];
    for (const other of [`${sealed}=`, ` ${sealed}`, `${sealed}!`, sealed.slice(0, -1) + twin]) {
      expect(Buffer.from(other, 'base64url').equals(Buffer.from(sealed, 'base64url')), other).to.equal(true);
      expect(seal.open(other, 'here'), other).to.equal(undefined);
    }
  });

  it('decrypts with every secret, and encrypts with the first', () => {
    const before = new Seal('test', [old]);
    const rotated = new Seal('test', [recent, old]);
    expect(rotated.open(before.seal('text', 'here'), 'here')).to.equal('text');
    expect(seal.open(rotated.seal('text', 'here'), 'here')).to.equal('text');
    expect(before.open(rotated.seal('text', 'here'), 'here')).to.equal(undefined);
  });

  it('returns undefined with another secret or for another purpose', () => {
    const sealed = seal.seal('text', 'here');
    expect(new Seal('test', [foreign, old]).open(sealed, 'here')).to.equal(undefined);
    expect(new Seal('other', [recent]).open(sealed, 'here')).to.equal(undefined);
  });

  it('shows no secret and no key if it is printed', () => {
    expect(inspect(seal, { depth: 9, showHidden: true })).not.to.match(/nnnn|Buffer|Uint8Array/);
    expect(JSON.stringify(seal)).to.equal('{}');
  });
});
