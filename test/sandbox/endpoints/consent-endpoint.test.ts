import { expect } from 'chai';
import {
  consentURL,
  exchange,
  failure,
  hidden,
  login,
  newCode,
  opener,
  pkce,
  postForm,
  raw,
  redirectURI,
} from '../support';

describe('sandbox: consent endpoint', () => {
  const open = opener();

  it('sends the user back with a code and the state as it was sent', async () => {
    const sandbox = await open();
    const state = 'a+b &c="d"/é';
    const back = new URL(await sandbox.approve(consentURL(sandbox, { state })));
    expect(back.origin + back.pathname).to.equal(redirectURI);
    expect([...back.searchParams.keys()]).to.deep.equal(['code', 'state']);
    expect(back.searchParams.get('state')).to.equal(state);
    expect(back.searchParams.get('code')).to.match(/^[\w-]{40,}$/);
  });

  it('adds no state if none was sent, and keeps an empty one', async () => {
    const sandbox = await open();
    const without = new URL(await sandbox.approve(consentURL(sandbox, { state: undefined })));
    expect(without.searchParams.has('state')).to.equal(false);
    const empty = new URL(await sandbox.approve(consentURL(sandbox, { state: '' })));
    expect(empty.searchParams.get('state')).to.equal('');
  });

  it('keeps the query of the redirect_uri', async () => {
    const sandbox = await open();
    const back = await sandbox.approve(consentURL(sandbox, { redirect_uri: `${redirectURI}?tenant=a%20b` }));
    expect(back).to.match(/\/callback\?tenant=a%20b&code=[\w-]+&state=st$/);
  });

  it('sends access_denied and the state back when the user denies', async () => {
    const sandbox = await open();
    expect(await sandbox.deny(consentURL(sandbox))).to.equal(`${redirectURI}?error=access_denied&state=st`);
  });

  it('shows a page that works without a mouse, is never stored, and runs only the script that it brings', async () => {
    const sandbox = await open();
    const page = await raw(consentURL(sandbox));
    expect(page.status).to.equal(200);
    expect(page.headers['content-type']).to.equal('text/html; charset=utf-8');
    expect(page.headers['cache-control']).to.equal('no-store');
    expect(page.headers['content-security-policy']).to.match(
      /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    );
    expect(page.body).to.contain('<html lang="en">').and.to.contain('<legend>Your advertisers</legend>');
    expect(page.body.match(/<label><input type="checkbox" name="advertiser"/g)).to.have.length(5);
    expect(page.body).to.contain('Local sandbox.');
    expect(page.body.match(/<script>/g)).to.have.length(1);
    expect(page.body).not.to.match(/<script |https?:\/\/(?!127\.0\.0\.1)/);
    expect(page.body).to.contain('Lumen &amp; Oak');
  });

  it('responds to HEAD without a body', async () => {
    const sandbox = await open();
    const page = await raw(consentURL(sandbox), { method: 'HEAD' });
    expect([page.status, page.body]).to.deep.equal([200, '']);
  });

  it('escapes whatever the app or the portfolio brings', async () => {
    const nasty = `"><script>alert('&')</script>`;
    const sandbox = await open({ portfolio: [{ id: nasty, name: nasty }] });
    const pages = await Promise.all([
      raw(consentURL(sandbox, { state: nasty, redirect_uri: `https://app.example/?${encodeURIComponent(nasty)}'` })),
      raw(consentURL(sandbox, { client_id: nasty })),
      raw(consentURL(sandbox, { redirect_uri: nasty })),
      raw(consentURL(sandbox, { response_type: nasty })),
      raw(`${consentURL(sandbox)}&${encodeURIComponent(nasty)}=1&${encodeURIComponent(nasty)}=2`),
      raw(`${sandbox.url}/request?key=${nasty.replaceAll(' ', '+')}`),
    ]);
    for (const { body } of pages) expect(body).not.to.contain('<script>alert').and.not.to.contain(`alert('`);
    expect(pages.map(({ status }) => status)).to.deep.equal([200, 400, 400, 400, 400, 400]);
    expect(await sandbox.approve(consentURL(sandbox), { advertisers: [nasty] })).to.contain('code=');
    expect((await raw(`${sandbox.url}/`)).body)
      .not.to.contain('<script>alert')
      .and.not.to.contain(`alert('`);
  });

  describe('shows an error page, without a redirect,', () => {
    const cases: [string, string, Record<string, string | undefined>][] = [
      ['for an unknown client_id', 'Unknown client_id', { client_id: 'other' }],
      ['without client_id', 'The parameter client_id is missing', { client_id: undefined }],
      ['for an empty client_id', 'The parameter client_id is missing', { client_id: '' }],
      ['without redirect_uri', 'The parameter redirect_uri is missing', { redirect_uri: undefined }],
      ['without response_type', 'The parameter response_type is missing', { response_type: undefined }],
      ['for response_type=token', 'Unsupported response_type', { response_type: 'token' }],
      ['for plain http off loopback', 'The redirect_uri is not registered', { redirect_uri: 'http://app.example/cb' }],
      ['for a relative redirect_uri', 'The redirect_uri is not registered', { redirect_uri: '/cb' }],
      ['for a fragment', 'The redirect_uri is not registered', { redirect_uri: 'https://app.example/cb#x' }],
      ['for another scheme', 'The redirect_uri is not registered', { redirect_uri: 'javascript:alert(1)' }],
      ['for a line break', 'The redirect_uri is not registered', { redirect_uri: 'https://app.example/\r\nx: y' }],
      ['for PKCE when it is off', 'PKCE is off for this app', pkce],
      ['for a challenge method when PKCE is off', 'PKCE is off for this app', { code_challenge_method: 'S256' }],
    ];
    for (const [name, check, changes] of cases) {
      it(name, async () => {
        const sandbox = await open();
        const page = await raw(consentURL(sandbox, changes));
        expect(page.status).to.equal(400);
        expect(page.headers.location).to.equal(undefined);
        expect(page.body).to.contain(`<h1>${check}</h1>`);
        const error = await failure(sandbox.approve(consentURL(sandbox, changes)));
        expect(error.message).to.contain(check).and.to.contain('400');
      });
    }

    it('for a repeated parameter, known or not', async () => {
      const sandbox = await open();
      expect((await raw(`${consentURL(sandbox)}&state=2`)).body).to.contain('The parameter state is repeated');
      expect((await raw(`${consentURL(sandbox)}&x=1&x=1`)).body).to.contain('The parameter x is repeated');
    });

    it('for a query that cannot be decoded', async () => {
      const sandbox = await open();
      expect((await raw(`${consentURL(sandbox)}&x=%zz`)).body).to.contain('The query cannot be decoded');
      expect((await raw(`${consentURL(sandbox)}&%ff`)).body).to.contain('The query cannot be decoded');
    });

    it('for a redirect_uri that differs from the registered ones in any letter', async () => {
      const sandbox = await open({ app: { redirectURIs: [redirectURI] } });
      expect(await sandbox.approve(consentURL(sandbox))).to.contain('code=');
      const page = await raw(consentURL(sandbox, { redirect_uri: `${redirectURI}/` }));
      expect(page.body).to.contain('is not registered').and.to.contain(`Registered are: ${redirectURI}.`);
      const none = await open({ app: { redirectURIs: [] } });
      expect((await raw(consentURL(none))).body).to.contain('Registered are: none.');
    });

    it('for other methods', async () => {
      const sandbox = await open();
      const page = await raw(consentURL(sandbox), { method: 'PUT' });
      expect(page.status).to.equal(405);
      expect(page.headers.allow).to.equal('GET, HEAD, POST');
    });

    it('for an app with PKCE on and no S256 challenge', async () => {
      const sandbox = await open({ app: { pkce: true } });
      const reasons: [Record<string, string>, string][] = [
        [{}, 'PKCE is on for this app'],
        [{ ...pkce, code_challenge_method: 'plain' }, 'Unsupported code_challenge_method'],
        [{ code_challenge: pkce.code_challenge }, 'Unsupported code_challenge_method'],
        [{ ...pkce, code_challenge: 'short' }, 'Malformed code_challenge'],
      ];
      for (const [changes, check] of reasons) {
        expect((await raw(consentURL(sandbox, changes))).body).to.contain(`<h1>${check}</h1>`);
      }
      expect(await sandbox.approve(consentURL(sandbox, pkce))).to.contain('code=');
    });
  });

  describe('accepts a decision', () => {
    it('once: sending the form again is refused', async () => {
      const sandbox = await open();
      const consent = hidden(await raw(consentURL(sandbox)), 'consent');
      const form = { consent, decision: 'approve', advertiser: '13' };
      expect((await postForm(`${sandbox.url}/request`, form)).status).to.equal(302);
      const again = await postForm(`${sandbox.url}/request`, form);
      expect([again.status, again.headers.location]).to.deep.equal([409, undefined]);
      expect(again.body).to.contain('This page was answered already');
    });

    it('only from a page that it showed', async () => {
      const sandbox = await open();
      for (const form of [{ decision: 'approve' }, { consent: 'made-up', decision: 'approve' }]) {
        expect((await postForm(`${sandbox.url}/request`, form)).status).to.equal(409);
      }
    });

    it('only as a form, and not from a page of another website', async () => {
      const sandbox = await open();
      const refused = async (headers: Record<string, string>) => {
        const consent = hidden(await raw(consentURL(sandbox)), 'consent');
        return (await postForm(`${sandbox.url}/request`, { consent, decision: 'deny' }, headers)).status;
      };
      expect(await refused({ 'content-type': 'text/plain' })).to.equal(403);
      expect(await refused({ origin: 'https://evil.example' })).to.equal(403);
      expect(await refused({ origin: 'null' })).to.equal(403);
      expect(await refused({ 'sec-fetch-site': 'cross-site' })).to.equal(403);
      expect(await refused({ origin: sandbox.url, 'sec-fetch-site': 'same-origin' })).to.equal(302);
    });

    it('only with one of its buttons', async () => {
      const sandbox = await open();
      const consent = hidden(await raw(consentURL(sandbox)), 'consent');
      const page = await postForm(`${sandbox.url}/request`, { consent, decision: 'perhaps' });
      expect([page.status, page.headers.location]).to.deep.equal([400, undefined]);
    });

    it('asks again when nothing is ticked, and offers to share nothing', async () => {
      const sandbox = await open();
      const consent = hidden(await raw(consentURL(sandbox)), 'consent');
      const page = await postForm(`${sandbox.url}/request`, { consent, decision: 'approve' });
      expect(page.status).to.equal(422);
      expect(page.body).to.contain('Nothing is ticked').and.to.contain('aria-describedby="problem"');
      const again = { consent: hidden(page, 'consent'), decision: 'approve-none' };
      expect((await postForm(`${sandbox.url}/request`, again)).headers.location).to.contain('code=');
    });
  });

  describe('approve()', () => {
    it('ticks everything unless it is told what to tick', async () => {
      const sandbox = await open();
      await sandbox.approve(consentURL(sandbox));
      await sandbox.approve(consentURL(sandbox), { advertisers: ['1352', '13'] });
      await sandbox.approve(consentURL(sandbox), { advertisers: [] });
      const sent = sandbox.requests.filter(({ method }) => method === 'POST').map(({ form }) => form);
      expect(sent.map(({ advertiser }) => advertiser)).to.deep.equal([
        '13,1352,20417,48151,90210',
        '1352,13',
        undefined,
      ]);
    });

    it('refuses ids that are not on the page', async () => {
      const sandbox = await open();
      const error = await failure(sandbox.approve(consentURL(sandbox), { advertisers: ['13', '14'] }));
      expect(error).to.be.instanceOf(TypeError);
      expect(error.message).to.contain('has 14,').and.to.contain('13, 1352');
      const empty = await open({ portfolio: 0 });
      expect((await raw(consentURL(empty))).body).to.contain('This user has none.');
      expect((await failure(empty.approve(consentURL(empty), { advertisers: ['1'] }))).message).to.contain('are none');
      expect(await empty.approve(consentURL(empty))).to.contain('code=');
    });

    it('opens consent pages of this sandbox only', async () => {
      const sandbox = await open();
      const elsewhere = ['https://consent.criteo.com/request?x', 'http://127.0.0.1:1/request', '/request', 'nonsense'];
      for (const url of elsewhere) {
        const error = await failure(sandbox.approve(url));
        expect(error).to.be.instanceOf(TypeError);
        expect(error.message).to.contain(`one of this sandbox's (${sandbox.url}/request`);
      }
      expect(sandbox.requests).to.deep.equal([]);
    });

    it('accepts a URL object, and localhost for 127.0.0.1', async () => {
      const sandbox = await open();
      const url = new URL(consentURL(sandbox));
      url.hostname = 'localhost';
      expect(await sandbox.approve(url)).to.contain('code=');
    });

    it('says so if an error page, or no page, comes instead', async () => {
      const sandbox = await open();
      sandbox.fault({ on: 'consent', status: 503, times: 1 });
      expect((await failure(sandbox.deny(consentURL(sandbox)))).message).to.equal(
        'There is no consent page: no reason given (status 503)',
      );
      sandbox.fault({ on: 'consent', status: 200, body: '', when: ({ method }) => method === 'POST' });
      expect((await failure(sandbox.deny(consentURL(sandbox)))).message).to.contain('led to no redirect');
      sandbox.fault({ on: 'consent', reset: true });
      expect((await failure(sandbox.deny(consentURL(sandbox)))).message).to.contain('ECONNRESET');
      sandbox.fault({ on: 'consent', truncate: true });
      expect((await failure(sandbox.deny(consentURL(sandbox)))).message).to.equal('aborted');
    });
  });

  it('gives no code for a consent that was revoked meanwhile', async () => {
    const sandbox = await open();
    const code = await newCode(sandbox);
    await sandbox.revoke();
    expect(await exchange(sandbox, code)).to.include({ status: 400, error: 'invalid_grant' });
    expect((await login(sandbox)).access).not.to.equal('');
  });
});
