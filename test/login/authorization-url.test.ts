import { expect } from 'chai';
import { type AuthorizationRequest, ConsentPage, newVerifier } from '../../lib/login/authorization-url';

const endpoint = {
  authorizationURL: 'https://consent.example/request',
  clientID: 'a b&c',
  callbackURL: 'https://app.example.com/cb?x=1&y=2',
};
const ours = { response_type: 'code', client_id: endpoint.clientID, redirect_uri: endpoint.callbackURL };

describe('The URL of the consent page', () => {
  const parameters = (request: Partial<AuthorizationRequest>, changes: object = {}) => {
    const url = new ConsentPage().url({ ...endpoint, ...changes }, { state: 's', extra: {}, ...request });
    const { searchParams } = new URL(url);
    // No parameter appears twice.
    expect(new Set(searchParams.keys()).size).to.equal([...searchParams.keys()].length);
    return Object.fromEntries(searchParams);
  };

  it('has the parameters of RFC 6749 and no others, encoded', () => {
    const state = 'a b&c=d+é';
    expect(parameters({ state })).to.deep.equal({ ...ours, state });
    expect(new ConsentPage().url(endpoint, { state, extra: {} })).to.match(
      /^https:\/\/consent\.example\/request\?[!-~]+$/,
    );
  });

  it('adds the S256 challenge of a verifier (RFC 7636 appendix B)', () => {
    const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';
    const challenge = {
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    };
    expect(parameters({ verifier })).to.deep.equal({ ...ours, state: 's', ...challenge });
    expect(parameters({ verifier, extra: { locale: 'fr' } })).to.include({ ...challenge, locale: 'fr' });
  });

  it('adds extra parameters, except those of the protocol', () => {
    const extra = { locale: 'f r', state: 'x', client_id: 'x', code_challenge: 'x' };
    expect(parameters({ extra })).to.deep.equal({ ...ours, state: 's', locale: 'f r' });
  });

  it('keeps the query of the endpoint, except parameters of the protocol and extra parameters', () => {
    const protocol =
      'response_type=token&client_id=x&redirect_uri=x&state=x&code_challenge=x&code_challenge_method=plain';
    const authorizationURL = `https://consent.example/request?locale=fr&theme=dark&${protocol}`;
    const changes = { authorizationURL };
    expect(parameters({}, changes)).to.deep.equal({ ...ours, state: 's', locale: 'fr', theme: 'dark' });
    expect(parameters({ extra: { locale: 'de' } }, changes)).to.include({ locale: 'de', theme: 'dark' });
  });
});

describe('The URLs of the consent page for several logins', () => {
  it('have the app, the callback URL and the endpoint of their own login', () => {
    const page = new ConsentPage();
    const others = [
      endpoint,
      { ...endpoint, clientID: 'other' },
      { ...endpoint, callbackURL: 'https://other.example/cb' },
      { ...endpoint, authorizationURL: 'https://other.example/request' },
    ];
    for (const each of [...others, ...others.reverse()]) {
      const url = new URL(page.url(each, { state: 's', extra: {} }));
      expect(`${url.origin}${url.pathname}`).to.equal(each.authorizationURL);
      expect(url.searchParams.get('client_id')).to.equal(each.clientID);
      expect(url.searchParams.get('redirect_uri')).to.equal(each.callbackURL);
    }
  });
});

describe('newVerifier', () => {
  it('returns 256 random bits in the characters that RFC 7636 allows', () => {
    const verifiers = new Set(Array.from({ length: 50 }, newVerifier));
    expect(verifiers.size).to.equal(50);
    for (const verifier of verifiers) {
      expect(verifier).to.match(/^[\w.~-]{43,128}$/);
      expect(Buffer.from(verifier, 'base64url')).to.have.length(32);
    }
  });
});
