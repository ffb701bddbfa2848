import { expect } from 'chai';
import { CriteoTransportError } from '../../lib/errors';
import { abortError } from '../../lib/http/abort';

describe('abortError', () => {
  it('makes an error with the code aborted and the abort reason as cause', () => {
    const reason = new Error('left');
    const error = abortError(reason);
    expect(error).to.be.instanceOf(CriteoTransportError).and.to.include({ code: 'aborted', cause: reason });
    expect(error.message).to.equal('The caller gave up (its signal aborted)');
  });

  it('returns the abort reason if that is a CriteoTransportError', () => {
    const reason = new CriteoTransportError('late', { code: 'timeout', status: 504 });
    expect(abortError(reason)).to.equal(reason);
  });
});
