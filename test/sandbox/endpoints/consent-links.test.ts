import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import type { Sandbox } from '../../../lib/sandbox';
import {
  api,
  failure,
  hidden,
  login,
  opener,
  postForm,
  type Raw,
  raw,
  redirectURI,
  signedURL,
  start,
  token,
} from '../support';

async function granted(sandbox: Sandbox): Promise<string[]> {
  const { access_token } = await token(sandbox, { grant_type: 'client_credentials' });
  return (await api(sandbox, access_token ?? '')).data.map(({ id }) => id);
}

describe('sandbox: consent links', () => {
  const open = opener();

  describe('signed by the app', () => {
    it('give the app what the user shares, and send the user to the redirect-uri as it is', async () => {
      const sandbox = await open();
      expect(await granted(sandbox)).to.deep.equal([]);
      expect(await sandbox.approve(signedURL(sandbox), { advertisers: ['1352'] })).to.equal(redirectURI);
      expect(await granted(sandbox)).to.deep.equal(['1352']);
      await sandbox.approve(signedURL(sandbox, { state: 'other' }), { advertisers: ['90210', '1352'] });
      expect(await granted(sandbox)).to.deep.equal(['1352', '90210']);
      await sandbox.revoke();
      expect(await granted(sandbox)).to.deep.equal([]);
    });

    it('give nothing if the user denies', async () => {
      const sandbox = await open();
      expect(await sandbox.deny(signedURL(sandbox))).to.equal(redirectURI);
      expect(await granted(sandbox)).to.deep.equal([]);
    });

    it('do not share what a login shared', async () => {
      const sandbox = await open();
      await login(sandbox);
      expect(await granted(sandbox)).to.deep.equal([]);
    });

    it('fit the documented vector', async () => {
      const text =
        '?key=pub-key-123&timestamp=1700000000&state=user-42&redirect-uri=https://app.example.com/criteo/return';
      const signature =
        '1ff24d47a459eecce71b916e6c30fd9cfa46dc4fff71e4567310965a76df185464f48c8af3317ff9f9a5a3ea28a28fa1f6b5cf6af3a5f0bed8eb956a2eb01e8e';
      expect(createHmac('sha512', 'test-signing-secret').update(text).digest('hex')).to.equal(signature);
      const sandbox = await open();
      const { signingKey, signingSecret } = sandbox.app;
      const own = text.replace('pub-key-123', signingKey).replace('1700000000', String(start / 1000));
      const fitting = createHmac('sha512', signingSecret).update(own).digest('hex');
      expect(await sandbox.approve(`${sandbox.url}/request${own}&signature=${fitting}`)).to.equal(
        'https://app.example.com/criteo/return',
      );
    });

    it('work until they are used to grant consent, also if two pages were open', async () => {
      const sandbox = await open();
      const url = signedURL(sandbox);
      const decide = async (page: Raw, decision: string) =>
        (await postForm(`${sandbox.url}/request`, { consent: hidden(page, 'consent'), decision })).status;
      const pages = [await raw(url), await raw(url), await raw(url)];
      expect(await decide(pages[0] as Raw, 'deny')).to.equal(302);
      expect(await decide(pages[1] as Raw, 'approve-none')).to.equal(302);
      expect(await decide(pages[2] as Raw, 'approve-none')).to.equal(409);
      const again = await raw(url);
      expect(again.status).to.equal(409);
      expect(again.body).to.contain('The consent link was used already');
    });

    describe('are refused with the text that should have been signed', () => {
      const cases: [string, string, (sandbox: Sandbox) => string][] = [
        ['when tampered with', 'The signature does not fit', (s) => signedURL(s).replace('user-42', 'user-43')],
        ['with another secret', 'The signature does not fit', (s) => signedURL(s, { secret: 'other' })],
        ['without signature', 'The consent URL is not signed', (s) => signedURL(s).replace(/&signature=.*/, '')],
        ['with an empty one', 'The consent URL is not signed', (s) => signedURL(s).replace(/(&signature=).*/, '$1')],
        ['with a cut one', 'The signature does not fit', (s) => signedURL(s).slice(0, -1)],
        ['without state', 'The parameter state is missing', (s) => signedURL(s).replace('&state=user-42', '')],
        [
          'with redirect_uri for redirect-uri',
          'The parameter redirect-uri is missing',
          (s) => signedURL(s).replace('redirect-uri', 'redirect_uri'),
        ],
        [
          'when reordered',
          'The parameters are not in order',
          (s) => signedURL(s).replace(/(key=[^&]*)&(timestamp=[^&]*)/, '$2&$1'),
        ],
        ['with more parameters', 'The parameters are not in order', (s) => `${signedURL(s)}&x=1`],
        ['with one twice', 'The parameters are not in order', (s) => signedURL(s).replace('&state', '&state=1&state')],
        ['with another key', 'Unknown key', (s) => signedURL(s).replace(s.app.signingKey, 'other')],
        [
          'when too old',
          'The consent URL is too old',
          (s) => signedURL(s, { timestamp: String(start / 1000 - 2592001) }),
        ],
        ['in milliseconds', 'The timestamp lies in the future', (s) => signedURL(s, { timestamp: '170000000000' })],
        ['with no number for a time', 'Malformed timestamp', (s) => signedURL(s, { timestamp: '1.7e9' })],
      ];
      for (const [name, check, make] of cases) {
        it(name, async () => {
          const sandbox = await open();
          const { signingSecret } = sandbox.app;
          const url = make(sandbox);
          const page = await raw(url);
          expect([page.status, page.headers.location]).to.deep.equal([400, undefined]);
          expect(page.body).to.contain(`<h1>${check}</h1>`);
          const value = (parameter: string) => new RegExp(`[?&]${parameter}=([^&]*)`).exec(url)?.[1] ?? '';
          const names = ['key', 'timestamp', 'state', 'redirect-uri'];
          if (!url.includes('state=1')) {
            const expected = `?${names.map((parameter) => `${parameter}=${value(parameter)}`).join('&amp;')}`;
            expect(page.body).to.contain(`<pre>${expected}</pre>`);
          }
          const right = createHmac('sha512', signingSecret)
            .update(signedURL(sandbox, { state: value('state') }).replace(/^[^?]*|&signature.*/g, ''))
            .digest('hex');
          expect(page.body).not.to.contain(signingSecret).and.not.to.contain(right);
          expect((await failure(sandbox.approve(url))).message).to.contain(check);
        });
      }
    });

    it('are refused for a redirect-uri that is not registered', async () => {
      const sandbox = await open();
      const page = await raw(signedURL(sandbox, { to: 'http://app.example/' }));
      expect(page.body).to.contain('<h1>The redirect-uri is not registered</h1>');
    });

    it('say what is likely wrong with a signature', async () => {
      const sandbox = await open();
      const { signingKey: key, signingSecret } = sandbox.app;
      const sign = (text: string) => createHmac('sha512', signingSecret).update(text).digest('hex');
      const text = (state: string) =>
        `?key=${key}&timestamp=${start / 1000}&state=${state}&redirect-uri=${redirectURI}`;
      const body = async (sent: string, signature: string) =>
        (await raw(`${sandbox.url}/request${sent}&signature=${signature}`)).body;
      expect(await body(text('a%20b'), sign(text('a b')))).to.contain('It fits the percent-decoded values');
      expect(await body(text('a'), sign(text('a')).toUpperCase())).to.contain('Send it in lower case');
      expect(await body(text('a'), sign(text('a').slice(1)))).to.contain('The leading question mark is signed too');
      expect(await body(text('%zz'), sign('x'))).to.contain('Sign the text below');
    });

    it('may be as old as the option says', async () => {
      const sandbox = await open({ consentURLMaxAge: 60_000 });
      const [one, two] = [signedURL(sandbox, { state: '1' }), signedURL(sandbox, { state: '2' })];
      sandbox.advance(60_000);
      expect(await sandbox.approve(one)).to.equal(redirectURI);
      sandbox.advance(1);
      expect((await raw(two)).body).to.contain('the sandbox accepts 60 (option');
    });

    it('may come from a clock that is five minutes ahead', async () => {
      const sandbox = await open();
      expect((await raw(signedURL(sandbox, { timestamp: String(start / 1000 + 300) }))).status).to.equal(200);
      expect((await raw(signedURL(sandbox, { timestamp: String(start / 1000 + 301) }))).status).to.equal(400);
    });
  });

  describe('made by the portal', () => {
    it('give the app what the person shares, once', async () => {
      const sandbox = await open();
      const url = sandbox.portalLink({ redirectURI, state: 'from-portal' });
      expect(url).to.match(/\/request\?nonce=[0-9a-f]{32}&hmac=[0-9a-f]{128}$/);
      expect((await raw(url)).body).to.contain('from-portal');
      expect(await sandbox.approve(url, { advertisers: ['13'] })).to.equal(redirectURI);
      expect(await granted(sandbox)).to.deep.equal(['13']);
      expect((await raw(url)).status).to.equal(409);
    });

    it('lead to a page of the sandbox unless a redirect URI is given', async () => {
      const sandbox = await open();
      expect(await sandbox.deny(sandbox.portalLink())).to.equal(`${sandbox.url}/`);
      expect(() => sandbox.portalLink({ redirectURI: 'http://app.example/' })).to.throw('The redirectURI');
    });

    it('live for 30 days', async () => {
      const sandbox = await open();
      const url = sandbox.portalLink();
      sandbox.advance(30 * 86_400_000 - 1);
      expect((await raw(url)).status).to.equal(200);
      sandbox.advance(1);
      expect((await raw(url)).body).to.contain('The consent link is too old');
    });

    it('cannot be made up or changed', async () => {
      const sandbox = await open();
      const url = sandbox.portalLink();
      const changed = [
        url.replace(/hmac=.{6}/, 'hmac=000000'),
        url.replace(/nonce=.{6}/, 'nonce=000000'),
        url.replace(/&hmac.*/, ''),
        `${sandbox.url}/request?hmac=x`,
        `${url}&nonce=x`,
        `${url}&x=%zz`,
      ];
      for (const wrong of changed) {
        const page = await raw(wrong);
        expect(page.status, wrong).to.equal(400);
        expect(page.body).to.contain('The nonce and hmac do not fit');
      }
      expect((await raw(url)).status).to.equal(200);
    });
  });
});
