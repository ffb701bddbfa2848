import { expect } from 'chai';
import { describe as describeError, errorWord } from '../../lib/login/callback-error';

describe('errorWord', () => {
  it('returns any single word, because Criteo documents no list of them, and no other text', () => {
    for (const error of ['access_denied', 'server_error', 'user_denied', 'consent-refused', 'Declined', 'made.up']) {
      expect(errorWord({ error })).to.equal(error);
    }
    for (const error of [
      '',
      'access_denied ',
      'call 555-1234',
      'call me',
      '<b>no</b>',
      '1',
      'a'.repeat(65),
      'aGVsbG8gd29ybGQhISEx',
    ]) {
      expect(errorWord({ error }), error).to.equal(undefined);
    }
    expect(errorWord({})).to.equal(undefined);
  });
});

describe('describe', () => {
  it('removes control characters from a description and shortens it', () => {
    expect(describeError({ error_description: 'a\u0000b\u202ec\n' })).to.equal('a b c');
    expect(describeError({ error_description: 'word '.repeat(80) })).to.have.length(300);
    for (const error_description of ['', ' ', '\u0000'])
      expect(describeError({ error_description })).to.equal(undefined);
    expect(describeError({})).to.equal(undefined);
  });
});
