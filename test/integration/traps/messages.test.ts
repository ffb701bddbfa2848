import { expect } from 'chai';
import { MemoryStore } from 'express-session';
import { CookieStateStore } from '../../../lib/index';
import { mountBehindProxy } from '../docs/traps/proxy';
import { type Mount, opener, routes, sessions } from './support';

const json = (page: { body: string }): { code: string; message: string } => JSON.parse(page.body);

describe('The error message says what to fix for', () => {
  const open = opener();

  it('no session middleware', async () => {
    const { client } = await open(routes());
    const { status, body } = await client.get('/criteo-auth');
    expect(status).to.equal(500);
    const { code, message } = JSON.parse(body);
    expect(code).to.equal('session_missing');
    expect(message).to.match(/no req\.session: mount session middleware .* before passport\.authenticate/);
    expect(message).to.contain('CookieStateStore');
  });

  it('no session middleware on the callback route', async () => {
    const running = await open(routes(sessions()));
    const consentPage = await running.begin();
    running.restart(routes());
    const page = await running.finish(consentPage);
    const { code, message } = json(page);
    expect(page.status).to.equal(500);
    expect(code).to.equal('session_missing');
    expect(message).to.contain('on the callback route');
  });

  it('a session cookie with SameSite=Strict', async () => {
    const running = await open(routes(sessions({ cookie: { sameSite: 'strict' } })));
    const { code, message } = json(await running.finish(await running.begin()));
    expect(code).to.equal('state_unknown');
    expect(message).to.match(/sent no cookie.* is SameSite=Strict, so .* sameSite: 'lax', .*CookieStateStore/);
  });

  it('a session cookie with SameSite=Strict beside other cookies', async () => {
    const running = await open(routes(sessions({ cookie: { sameSite: true } })));
    running.client.take('/', ['theme=dark']);
    const { message } = json(await running.finish(await running.begin()));
    expect(message).to.match(/session of the callback is new.* is SameSite=Strict, so /);
  });

  it('a Secure session cookie over http', async () => {
    const running = await open(routes(sessions({ cookie: { secure: true } })));
    const { code, message } = json(await running.finish(await running.begin()));
    expect(code).to.equal('state_unknown');
    expect(message).to.match(/cookie is Secure, but the app is used over http.* cookie\.secure to false/);
  });

  it('a Secure session cookie behind a proxy that the app does not trust', async () => {
    const running = await open(routes(sessions({ cookie: { secure: true } })), { tls: true });
    const { code, message } = json(await running.finish(await running.begin()));
    expect(code).to.equal('state_unknown');
    expect(message).to.match(/cookie is Secure and the callback URL https.*app\.set\('trust proxy', 1\)/);

    running.restart((app, passport, options) => {
      mountBehindProxy(app, 'only for tests');
      routes()(app, passport, options);
    });
    const { status, body } = await running.finish(await running.begin());
    expect([status, Object.keys(JSON.parse(body))]).to.deep.equal([200, ['id']]);
  });

  it('a login that starts on 127.0.0.1 and returns to localhost', async () => {
    const running = await open(routes(sessions()));
    const { host } = new URL(running.origin);
    const consentPage = await running.begin(running.origin.replace('localhost', '127.0.0.1').concat('/criteo-auth'));
    const { code, message } = json(await running.finish(consentPage));
    expect(code).to.equal('state_unknown');
    expect(message).to.contain(`another host than ${host}, where the option callbackURL leads`);
    expect(message).to.contain('localhost and 127.0.0.1 are two').and.contain(`Open the app at ${host}`);
  });

  it('a restart of an app with sessions in memory', async () => {
    const running = await open(routes(sessions()));
    const consentPage = await running.begin();
    running.restart(routes(sessions()));
    const { code, message } = json(await running.finish(consentPage));
    expect(code).to.equal('state_unknown');
    expect(message).to.match(/cookie of a session that is gone.* memory of a process that was restarted/);
  });

  it('a callback that is loaded again after it succeeded', async () => {
    const running = await open(routes(sessions()));
    const consentPage = await running.begin();
    const callback = await running.sandbox.approve(consentPage);
    expect((await running.client.get(callback, { from: consentPage })).status).to.equal(200);
    const { code, message } = json(await running.client.get(callback, { from: consentPage }));
    expect(code).to.equal('state_unknown');
    expect(message).to.match(/is over and its callback was loaded once more \(reload, back button\)/);
  });

  it('a callback that is loaded again while another login is pending', async () => {
    const running = await open(routes(sessions()));
    const callback = await running.sandbox.deny(await running.begin());
    await running.begin();
    expect(json(await running.client.get(callback)).code).to.equal('access_denied');
    const { code, message } = json(await running.client.get(callback));
    expect(code).to.equal('state_unknown');
    expect(message).to.match(/other pending logins.*loaded once more \(reload, back button\)/);
  });

  it('a login that another strategy started', async () => {
    const store = new MemoryStore();
    const running = await open(routes(sessions({ store })));
    const consentPage = await running.begin();
    running.restart((app, passport, options) => {
      routes(sessions({ store }))(app, passport, { ...options, name: 'criteo-retail' });
    });
    const { code, message } = json(await running.finish(consentPage));
    expect(code).to.equal('state_unknown');
    expect(message).to.match(/started by the strategy \["criteo",.* came to \["criteo-retail",/);
  });

  describe('a CookieStateStore and', () => {
    const cookies = (secure?: boolean): Mount => {
      const store = new CookieStateStore({ secret: 'only for tests, of 32 characters', secure });
      return (app, passport, options) => routes()(app, passport, { ...options, store });
    };

    it('a callback that is loaded twice', async () => {
      const running = await open(cookies());
      const consentPage = await running.begin();
      const callback = await running.sandbox.approve(consentPage);
      expect((await running.client.get(callback, { from: consentPage })).status).to.equal(200);
      const { code, message } = json(await running.client.get(callback, { from: consentPage }));
      expect(code).to.equal('state_unknown');
      expect(message).to.match(/loaded twice \(reload, back button\)/);
    });

    it('Secure cookies over http', async () => {
      const running = await open(cookies(true));
      const { code, message } = json(await running.finish(await running.begin()));
      expect(code).to.equal('state_unknown');
      expect(message).to.match(/sent no cookie.*a Secure cookie was set over http/);
    });

    it('another host', async () => {
      const running = await open(cookies());
      const consentPage = await running.begin(running.origin.replace('localhost', '127.0.0.1').concat('/criteo-auth'));
      const { code, message } = json(await running.finish(consentPage));
      expect(code).to.equal('state_unknown');
      expect(message).to.match(/sent no cookie.*callback is on another host/);
    });
  });
});
