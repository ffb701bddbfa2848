import { expect } from 'chai';
import { authenticateOptions } from '../../lib/index';

describe('authenticateOptions', () => {
  it('returns the same object', () => {
    const options = { state: { returnTo: '/' }, callbackURL: 'https://app.example.com/callback', failureRedirect: '/' };
    expect(authenticateOptions(options)).to.equal(options);
  });
});
