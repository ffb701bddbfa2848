import { expect } from 'chai';
import { CriteoStrategy } from '../../../lib/index';
import { mountReturnTo } from '../docs/traps/return-to';
import { type Mount, opener, sessions } from './support';

const home = 'https://app.example.com';

const mount: Mount = (app, passport, options) => {
  passport.use(new CriteoStrategy({ ...options, verify: ({ profile }) => ({ id: profile?.id }) }));
  app.use(sessions());
  mountReturnTo(app, passport);
};

describe('The documented returnTo', () => {
  const open = opener();
  /** Returns where a user arrives who signs in with a link that has this query. */
  const destination = async (query: string): Promise<string> => {
    const { begin, finish } = await open(mount);
    const consentPage = await begin(`/criteo-auth${query}`);
    expect(consentPage).not.to.match(/example/);
    return (await finish(consentPage)).location;
  };
  const asked = (path: string): Promise<string> => destination(`?returnTo=${encodeURIComponent(path)}`);

  for (const path of [
    '/',
    '/reports',
    '/reports?from=2026-01-01&to=%2F#top',
    '/caf%C3%A9',
    '/a//b',
    '/?next=//evil.example',
  ]) {
    it(`leads to ${path}`, async () => {
      expect(await asked(path)).to.equal(home + path);
    });
  }

  const evil = [
    'https://evil.example/',
    'HTTPS://evil.example',
    '//evil.example/',
    '///evil.example/',
    '/\\evil.example',
    '\\\\evil.example',
    '\\/evil.example',
    '/\t/evil.example',
    '\t//evil.example',
    '/\r\n/evil.example',
    '\u0000//evil.example',
    ' //evil.example',
    'https:\\\\evil.example',
    'http://app.example.com/',
    'https://app.example.com@evil.example/',
    'https://app.example.com.evil.example/',
    'https://app.example.com:444/',
    'https://user@app.example.com/',
    'javascript:alert(1)',
    'data:text/html,evil',
    'blob:https://app.example.com/evil',
    'https://[evil',
    `/${'a'.repeat(1000)}`,
    `/${'é'.repeat(400)}`,
  ];
  for (const path of evil) {
    it(`leads to the home page for ${JSON.stringify(path).slice(0, 60)}`, async () => {
      expect(await asked(path)).to.equal(`${home}/`);
    });
  }

  // These look like other hosts, but a browser that follows them stays on this host.
  const odd = [
    '/%09/evil.example',
    '/%5Cevil.example',
    '/.//evil.example',
    'https://app.example.com//evil.example',
    '/a\r\nSet-Cookie: b=c',
    'evil.example',
  ];
  for (const path of odd) {
    it(`stays on this host for ${JSON.stringify(path)}`, async () => {
      expect(new URL(await asked(path)).origin).to.equal(home);
    });
  }

  it('leads to the home page if there is none, or several', async () => {
    for (const query of ['', '?returnTo=', '?returnTo=/a&returnTo=/b', '?returnTo[a]=/b']) {
      expect(await destination(query)).to.equal(`${home}/`);
    }
  });
});
