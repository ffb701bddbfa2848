import { expect } from 'chai';
import { CriteoTransportError } from '../../lib/errors';
import { abortError } from '../../lib/http/abort';

describe('abortError', () => {
  it('says that the caller gave up, with the reason as cause', () => {
    const reason = new Error('left');
    expect(abortError(reason))
      .to.be.instanceOf(CriteoTransportError)
      .and.to.include({ code: 'aborted', cause: reason });
  });

  it('gives an error of ours that is the reason as it is', () => {
    const reason = new CriteoTransportError('late', { code: 'timeout', status: 504 });
    expect(abortError(reason)).to.equal(reason);
  });
});
