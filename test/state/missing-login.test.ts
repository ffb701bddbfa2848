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

describe('whyNothingPending', () => {
  const over = /login is over and its callback was loaded once more/;
  const gone = /The browser sent the cookie of a session that is gone\./;
  const none = /^The browser sent no cookie with the callback\./;
  const fresh = /^The session of the callback is new\./;
  const strict = /The session cookie is SameSite=Strict/;
  const overHttp = /Secure, but the app is used over http/;
  const behindProxy = /Secure and the callback URL https, but the request looks like http/;
  const otherHost = /Most likely the login was started on another host than localhost:3000,/;

  const cases: [string, PassportRequest, Record<string, unknown>, ...RegExp[]][] = [
    ['express-session’s session came back', from('a=b; sid=s%3Athe-id.mac'), express(), over],
    ['@fastify/session’s session came back', from('sessionId=the-id.mac'), { sessionId: 'the-id' }, over],
    ['cookie-session’s session came back', from('session=eyJ9'), { isNew: false }, over],
    ['express-session has a new one', from('sid=s%3Aanother.mac'), express(), gone, /memory of a process that was/],
    ['express-session has a new one, and the cookie is not URL-encoded', from('sid=s:another.mac'), express(), gone],
    ['the request has no cookies', from(), express(), none, otherHost],
    ['the request has no headers', asRequest({}), {}, none, otherHost],
    ['the session id is empty', from('a=b'), { id: '', sessionId: 7 }, fresh, otherHost],
    ['only other cookies came back', from('theme=dark'), { isNew: true }, fresh, /Or the session is gone\./],
    ['the cookie is SameSite=Strict', from(), express({ sameSite: 'Strict' }), none, strict],
    ['the cookie has sameSite: true of express-session', from(), express({ sameSite: true }), none, strict],
    [
      'the cookie of cookie-session is SameSite=Strict',
      from(undefined, { sessionOptions: { sameSite: 'strict' } }),
      {},
      none,
      strict,
    ],
    ['the cookie is SameSite=Lax', from(), express({ sameSite: 'lax' }), none, otherHost],
    ['the cookie is Secure', from(), express({ secure: true }), none, overHttp],
    [
      'the cookie is Secure and the request came over https',
      from(undefined, { secure: true }),
      express({ secure: true }),
      none,
      otherHost,
    ],
    [
      'the cookie is Secure and the request came over https in Fastify',
      from(undefined, { protocol: 'https' }),
      express({ secure: true }),
      none,
      otherHost,
    ],
    [
      'the cookie is Secure and the request came over https in node',
      from('', { socket: { encrypted: true } }),
      express({ secure: true }),
      none,
      otherHost,
    ],
    ['the cookie is not an object', from(), { cookie: 'rubbish' }, none, otherHost],
  ];
  for (const [title, req, session, ...expected] of cases) {
    it(`explains why there is no pending login if ${title}`, () => {
      const message = whyNothingPending(req, session, http);
      for (const text of expected) expect(message).to.match(text);
      expect(message)
        .to.match(/\. Start again\.$/)
        .and.not.contain('undefined');
    });
  }

  it('explains why there is no pending login if a proxy ends TLS', () => {
    expect(whyNothingPending(from(), express({ secure: true }), meta)).to.match(behindProxy);
  });

  it('shows no value of a cookie', () => {
    expect(whyNothingPending(from('sid=s%3Ahush'), express(), http)).not.to.contain('hush');
  });

  it('names the other strategy (whyForeign), with a name of limited length', () => {
    expect(whyForeign({ strategy: 'x'.repeat(5000), clientID: 'app-2' }, meta)).to.have.length.below(600);
    expect(whyForeign({ strategy: 'criteo-2', clientID: 'app-2' }, meta)).to.match(
      /by the strategy \["criteo-2",.* came to \["criteo","app-1"\]/,
    );
  });
});
