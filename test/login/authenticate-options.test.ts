import { expect } from 'chai';
import { authenticateOptions } from '../../lib/index';

describe('authenticateOptions', () => {
  it('returns the options as they are', () => {
    const options = { state: { returnTo: '/' }, callbackURL: 'https://app.example.com/callback', failureRedirect: '/' };
    expect(authenticateOptions(options)).to.equal(options);
  });
});
