import { expect } from 'chai';
import { authorizationPrefix, authorizationURL, newVerifier } from '../../lib/login/authorization-url';

const endpoint = {
  authorizationURL: 'https://consent.example/request',
  clientID: 'a b&c',
  callbackURL: 'https://app.example.com/cb?x=1&y=2',
};
const prefix = authorizationPrefix(endpoint, undefined);

describe('authorizationPrefix', () => {
  it('holds what is the same for every login, encoded', () => {
    const { searchParams } = new URL(prefix.prefix);
    expect(Object.fromEntries(searchParams)).to.deep.equal({
      response_type: 'code',
      client_id: endpoint.clientID,
      redirect_uri: endpoint.callbackURL,
    });
  });

  it('is used again where it is made of the same, and made anew where it is not', () => {
    expect(authorizationPrefix({ ...endpoint }, prefix)).to.equal(prefix);
    for (const change of [
      { authorizationURL: 'https://consent.example/other' },
      { clientID: 'other' },
      { callbackURL: 'https://app.example.com/other' },
    ]) {
      const other = authorizationPrefix({ ...endpoint, ...change }, prefix);
      expect(other).to.include(change);
      expect(other.prefix).not.to.equal(prefix.prefix);
    }
  });

  it('drops parameters of the protocol from the endpoint’s query and keeps the others', () => {
    const protocol =
      'response_type=token&client_id=x&redirect_uri=x&state=x&code_challenge=x&code_challenge_method=plain';
    const given = { ...endpoint, authorizationURL: `https://consent.example/request?locale=fr&${protocol}` };
    const { searchParams } = new URL(authorizationPrefix(given, undefined).prefix);
    expect([...searchParams.keys()]).to.deep.equal(['locale', 'response_type', 'client_id', 'redirect_uri']);
    expect(searchParams.get('response_type')).to.equal('code');
  });
});

describe('authorizationURL', () => {
  const parameters = (request: Parameters<typeof authorizationURL>[1]) =>
    Object.fromEntries(new URL(authorizationURL(prefix, request)).searchParams);

  it('adds the handle, encoded', () => {
    expect(parameters({ state: 'a b&c=d', extra: {} })).to.include({ state: 'a b&c=d' });
  });

  it('adds the S256 challenge of a verifier (RFC 7636 appendix B)', () => {
    const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
    expect(parameters({ state: 's', verifier, extra: {} })).to.include({
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    });
  });

  it('adds extra parameters, but none of the protocol’s', () => {
    const extra = { locale: 'fr', state: 'x', client_id: 'x', code_challenge: 'x' };
    const all = parameters({ state: 's', extra });
    expect(all).to.include({ locale: 'fr', state: 's', client_id: endpoint.clientID });
    expect(all).not.to.have.property('code_challenge');
  });
});

describe('newVerifier', () => {
  it('is 256 random bits in what RFC 7636 allows', () => {
    const verifiers = new Set(Array.from({ length: 50 }, newVerifier));
    expect(verifiers.size).to.equal(50);
    for (const verifier of verifiers) {
      expect(verifier).to.match(/^[\w.~-]{43,128}$/);
      expect(Buffer.from(verifier, 'base64url')).to.have.length(32);
    }
  });
});
