import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { authenticate, expectOneOutcomeEach } from '../support/passport';
import { app, errorOf, failureOf, locationOf, stubbed, successOf, Visitor } from '../support/strategy';

describe('CriteoStrategy, at the start of a login', () => {
  expectOneOutcomeEach();
  let visitor: Visitor;
  beforeEach(() => {
    visitor = new Visitor();
  });

  it('redirects to the consent page with the parameters of RFC 6749 and no others', async () => {
    const url = await visitor.begin(stubbed());
    expect(url.origin + url.pathname).to.equal('https://consent.criteo.com/request');
    const { state, ...others } = Object.fromEntries(url.searchParams);
    expect(others).to.deep.equal({
      response_type: 'code',
      client_id: app.clientID,
      redirect_uri: app.callbackURL,
    });
    expect(state).to.match(/^[\w-]{32}$/);
  });

  it('sends a new state of 192 random bits for every login', async () => {
    const strategy = stubbed();
    const handles = new Set<string>();
    for (let i = 0; i < 50; i += 1) handles.add(await new Visitor().handle(strategy));
    expect(handles.size).to.equal(50);
    for (const handle of handles) expect(Buffer.from(handle, 'base64url')).to.have.length(24);
  });

  it('sends no scope, even if the options ask for one', async () => {
    const strategy = stubbed({ scope: ['a', 'b'], scopeSeparator: ',' });
    const url = await visitor.begin(strategy, { scope: ['campaigns'], scopeSeparator: ' ' });
    expect(url.searchParams.has('scope')).to.equal(false);
  });

  it('sends the callback URL given to passport.authenticate unchanged', async () => {
    const callbackURL = 'http://LOCALHOST:3000/cb?tenant=%7e1';
    const url = await visitor.begin(stubbed(), { callbackURL });
    expect(url.searchParams.get('redirect_uri')).to.equal(callbackURL);
  });

  for (const callbackURL of [undefined, null, '']) {
    it(`sends the callback URL of the strategy if passport.authenticate gets ${JSON.stringify(callbackURL)}`, async () => {
      const url = await visitor.begin(stubbed(), { callbackURL });
      expect(url.searchParams.get('redirect_uri')).to.equal(app.callbackURL);
    });
  }

  it('ends with an error that names callbackURL if that is relative or plain http', async () => {
    for (const callbackURL of ['/cb', 'http://app.example.com/cb', 7]) {
      const error = errorOf(await authenticate(stubbed(), visitor.request({ query: {} }), { callbackURL }));
      expect(error.message).to.match(/^authenticate: the option callbackURL must/);
    }
    expect(visitor.pending()).to.deep.equal([]);
  });

  describe('at the callback URL', () => {
    const headers = { host: 'app.example.com' };
    const path = '/criteo-auth/callback';
    const open = (parts: object, options: object = {}) =>
      authenticate(stubbed(), visitor.request({ query: {}, headers, ...parts }), options);

    for (const [name, parts] of Object.entries({
      'without a query': { originalUrl: path, url: path },
      'in a router that is mounted': { originalUrl: path, url: '/callback' },
      'without a framework': { url: path },
    })) {
      it(`starts nothing ${name}, because the user did not ask for it`, async () => {
        const failed = failureOf(await open(parts));
        expect(failed).to.include({ code: 'state_missing', status: 403 });
        expect(failed['message'])
          .to.match(/opened without parameters, so no login was started/)
          .and.match(/a path of its own/);
        expect(visitor.pending()).to.deep.equal([]);
      });
    }

    it('starts nothing for the callback URL of this login, and starts one at another', async () => {
      const callbackURL = 'http://localhost:3000/tenant/back?tenant=1';
      const parts = { originalUrl: '/tenant/back?tenant=1', headers: { host: 'localhost:3000' } };
      expect(failureOf(await open(parts, { callbackURL })).code).to.equal('state_missing');
      locationOf(await open(parts));
    });

    it('tells the start from the callback by the query in an app that routes by parameters', async () => {
      const options = { callbackURL: 'https://app.example.com/index?action=callback' };
      for (const start of ['/index?action=login', '/index', '/index?action=callback2', '/index?to=1&action=callback']) {
        locationOf(await open({ originalUrl: start }, options));
      }
      expect(failureOf(await open({ originalUrl: '/index?action=callback' }, options)).code).to.equal('state_missing');
    });

    for (const [name, parts] of Object.entries({
      'at another path': { originalUrl: '/criteo-auth' },
      'with a parameter of the app': { originalUrl: `${path}?returnTo=%2Freports`, url: path },
      'at a path that only starts like it': { originalUrl: `${path}2` },
      'at another path of a router that is mounted': { originalUrl: `/api${path}`, url: path },
      'on another host': { originalUrl: path, headers: { host: 'www.example.com' } },
      'behind a proxy that changes the host': { originalUrl: path, headers: { host: '127.0.0.1:3000' } },
      'without a host': { originalUrl: path, headers: {} },
      'without headers': { originalUrl: path, headers: undefined },
      'by a form': { originalUrl: path, method: 'POST' },
    })) {
      it(`starts a login ${name}`, async () => {
        locationOf(await open(parts));
      });
    }
  });

  it('works if Passport passes no options', async () => {
    expect(locationOf(await authenticate(stubbed(), visitor.request(), undefined)).host).to.equal('consent.criteo.com');
    expect(locationOf(await authenticate(stubbed(), visitor.request(), null)).host).to.equal('consent.criteo.com');
  });

  it('sends the right one of several callback URLs', async () => {
    const strategy = stubbed();
    for (const callbackURL of ['https://a.example/cb', 'https://b.example/cb', 'https://a.example/cb']) {
      const url = await visitor.begin(strategy, { callbackURL });
      expect(url.searchParams.get('redirect_uri')).to.equal(callbackURL);
    }
  });

  it('keeps the query of the authorization URL, except the parameters of the protocol', async () => {
    const authorizationURL = 'https://consent.example/request?locale=fr&state=fixed&client_id=other&code_challenge=x';
    const url = await visitor.begin(stubbed({ authorizationURL }));
    expect(url.searchParams.get('locale')).to.equal('fr');
    expect(url.searchParams.getAll('client_id')).to.deep.equal([app.clientID]);
    expect(url.searchParams.getAll('state')).to.have.length(1);
    expect(url.searchParams.get('state')).to.have.length(32);
    expect(url.searchParams.has('code_challenge')).to.equal(false);
  });

  const states = ['text', { returnTo: '/reports' }, ['a'], true, 42, 0, '', false];
  for (const state of states) {
    it(`returns the app's state ${JSON.stringify(state)} at the end, and does not send it to Criteo`, async () => {
      const strategy = stubbed();
      const url = await visitor.begin(strategy, { state });
      expect(url.searchParams.get('state')).to.match(/^[\w-]{32}$/);
      expect(decodeURIComponent(url.search)).not.to.include('returnTo');
      const done = await visitor.finish(strategy, { code: 'c', state: url.searchParams.get('state') });
      expect(done.kind).to.equal('success');
      expect(done.args[1]).to.deep.equal({ state });
    });
  }

  describe('with PKCE', () => {
    it('sends the S256 challenge of the verifier that it later sends to the token endpoint', async () => {
      const strategy = stubbed({ pkce: true });
      const url = await visitor.begin(strategy);
      expect(url.searchParams.get('code_challenge_method')).to.equal('S256');
      expect(url.href).not.to.include('code_verifier');
      await visitor.finish(strategy, { code: 'c', state: url.searchParams.get('state') });
      const verifier = strategy.asked[0]?.form['code_verifier'] ?? '';
      expect(verifier).to.match(/^[\w-]{43}$/);
      expect(createHash('sha256').update(verifier).digest('base64url')).to.equal(
        url.searchParams.get('code_challenge'),
      );
    });

    it('has a new verifier for every login', async () => {
      const strategy = stubbed({ pkce: true });
      const challenge = async () => (await visitor.begin(strategy)).searchParams.get('code_challenge');
      expect(await challenge()).not.to.equal(await challenge());
    });
  });

  it('keeps a login that the user started on this site if another site starts a hundred, and the last of those succeeds', async () => {
    const strategy = stubbed();
    const own = await visitor.handle(strategy);
    let foreign = '';
    for (let login = 0; login < 100; login += 1) {
      const url = await visitor.begin(strategy, {}, { headers: { 'sec-fetch-site': 'cross-site' } });
      foreign = url.searchParams.get('state') ?? '';
    }
    successOf(await visitor.finish(strategy, { code: 'c', state: foreign }));
    successOf(await visitor.finish(strategy, { code: 'c', state: own }));
  });

  describe('if no user waits for the response', () => {
    const ahead: [string, object][] = [
      ['a HEAD request', { method: 'HEAD' }],
      ['a prefetch', { headers: { 'sec-purpose': 'prefetch' } }],
      ['a prerender', { headers: { 'sec-purpose': 'prefetch;prerender' } }],
      ['a prefetch by older browsers', { headers: { purpose: 'prefetch' } }],
      ['a prefetch by Firefox', { headers: { 'x-moz': 'prefetch' } }],
      ['a preview by Safari', { headers: { 'x-purpose': 'preview' } }],
    ];
    for (const [name, parts] of ahead) {
      it(`fails for ${name} and adds nothing to the session`, async () => {
        const request = visitor.request({ query: {}, ...parts });
        const { code, message, status } = failureOf(await authenticate(stubbed(), request));
        expect({ code, status }).to.deep.equal({ code: 'invalid_request', status: 503 });
        expect(message)
          .to.match(/a HEAD request or a prefetch, or .* an image, a script/)
          .and.match(/neither starts a login nor finishes one/);
        expect(visitor.session).to.deep.equal({});
      });
    }

    for (const destination of ['image', 'script', 'style', 'font', 'object']) {
      it(`fails for a part of a page (Sec-Fetch-Dest: ${destination}) and adds nothing to the session`, async () => {
        const request = visitor.request({ query: {}, headers: { 'sec-fetch-dest': destination } });
        const { code, status } = failureOf(await authenticate(stubbed(), request));
        expect({ code, status }).to.deep.equal({ code: 'invalid_request', status: 503 });
        expect(visitor.session).to.deep.equal({});
      });
    }

    for (const destination of ['document', 'iframe', 'empty']) {
      it(`redirects a visit with Sec-Fetch-Dest: ${destination}`, async () => {
        await visitor.begin(stubbed(), {}, { headers: { 'sec-fetch-dest': destination } });
      });
    }

    it('accepts a callback with any Sec-Fetch-Dest', async () => {
      const strategy = stubbed();
      const state = await visitor.handle(strategy);
      const parts = { query: { code: 'c', state }, headers: { 'sec-fetch-dest': 'image' } };
      successOf(await authenticate(strategy, visitor.request(parts)));
    });

    it('redirects a visit with other values of these headers', async () => {
      await visitor.begin(stubbed(), {}, { headers: { purpose: 'business', 'sec-purpose': ['x'] } });
    });
  });
});
