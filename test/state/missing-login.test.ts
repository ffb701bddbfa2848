import { expect } from 'chai';
import { whyForeign, whyNothingPending } from '../../lib/state/missing-login';
import type { PassportRequest } from '../../lib/state/state-store';
import { asRequest, meta } from '../support/cookie-store';

const http = { ...meta, callbackURL: 'http://localhost:3000/cb' };
const from = (cookie?: string, shape: object = {}): PassportRequest => asRequest({ headers: { cookie }, ...shape });
const express = (changes: object = {}): Record<string, unknown> => ({
  id: 'the-id',
  cookie: { path: '/', ...changes },
});

describe('Why a session holds no pending login', () => {
  const over = /login is over and its callback was loaded once more/;
  const gone = /The browser sent the cookie of a session that is gone\./;
  const none = /^The browser sent no cookie with the callback\./;
  const fresh = /^The session of the callback is new\./;
  const strict = /The session cookie is SameSite=Strict/;
  const overHttp = /Secure, but the app is used over http/;
  const behindProxy = /Secure and the callback URL https, but the request looks like http/;
  const otherHost = /Most likely the login was started on another host than localhost:3000,/;

  const cases: [string, PassportRequest, Record<string, unknown>, ...RegExp[]][] = [
    ['express-session’s came back', from('a=b; sid=s%3Athe-id.mac'), express(), over],
    ['@fastify/session’s came back', from('sessionId=the-id.mac'), { sessionId: 'the-id' }, over],
    ['cookie-session’s came back', from('session=eyJ9'), { isNew: false }, over],
    ['express-session has a new one', from('sid=s%3Aanother.mac'), express(), gone, /memory of a process that was/],
    ['the same, with the cookie not encoded', from('sid=s:another.mac'), express(), gone],
    ['there are no cookies', from(), express(), none, otherHost],
    ['there are no headers', asRequest({}), {}, none, otherHost],
    ['an id is empty', from('a=b'), { id: '', sessionId: 7 }, fresh, otherHost],
    ['only other cookies came', from('theme=dark'), { isNew: true }, fresh, /Or the session is gone\./],
    ['the cookie is strict', from(), express({ sameSite: 'Strict' }), none, strict],
    ['the cookie is strict, in express-session’s other way', from(), express({ sameSite: true }), none, strict],
    ['cookie-session’s is strict', from(undefined, { sessionOptions: { sameSite: 'strict' } }), {}, none, strict],
    ['the cookie is lax', from(), express({ sameSite: 'lax' }), none, otherHost],
    ['the cookie is Secure', from(), express({ secure: true }), none, overHttp],
    ['the cookie is Secure, over https', from(undefined, { secure: true }), express({ secure: true }), none, otherHost],
    ['the same in Fastify', from(undefined, { protocol: 'https' }), express({ secure: true }), none, otherHost],
    ['the same in node', from('', { socket: { encrypted: true } }), express({ secure: true }), none, otherHost],
    ['the cookie is rubbish', from(), { cookie: 'rubbish' }, none, otherHost],
  ];
  for (const [title, req, session, ...expected] of cases) {
    it(`is told where ${title}`, () => {
      const message = whyNothingPending(req, session, http);
      for (const text of expected) expect(message).to.match(text);
      expect(message)
        .to.match(/\. Start again\.$/)
        .and.not.contain('undefined');
    });
  }

  it('is told where a proxy ends TLS', () => {
    expect(whyNothingPending(from(), express({ secure: true }), meta)).to.match(behindProxy);
  });

  it('shows no cookie', () => {
    expect(whyNothingPending(from('sid=s%3Ahush'), express(), http)).not.to.contain('hush');
  });

  it('is told of another strategy’s login, of which no more than a line is believed', () => {
    expect(whyForeign({ strategy: 'x'.repeat(5000), clientID: 'app-2' }, meta)).to.have.length.below(600);
    expect(whyForeign({ strategy: 'criteo-2', clientID: 'app-2' }, meta)).to.match(
      /by the strategy \["criteo-2",.* came to \["criteo","app-1"\]/,
    );
  });
});
