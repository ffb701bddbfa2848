import { expect } from 'chai';
import { CookieClient } from './cookie-client';

describe('The HTTP client of the tests keeps cookies as browsers do:', () => {
  const app = 'http://localhost:3000/login';
  const criteo = 'http://127.0.0.1:4000/request';
  const secure = 'https://localhost/';
  const kept = (line: string, at: string, from?: string, set = app): string => {
    const client = new CookieClient();
    client.take(set, [line]);
    return client.header(at, from);
  };

  it('only Strict cookies are left out of visits from other sites', () => {
    expect(kept('a=b; SameSite=Strict', app, criteo)).to.equal('');
    expect(kept('a=b; SameSite=Strict', app, 'http://localhost:5000')).to.equal('a=b');
    expect(kept('a=b; SameSite=Strict', app)).to.equal('a=b');
    for (const line of ['a=b', 'a=b; SameSite=Lax']) expect(kept(line, app, criteo)).to.equal('a=b');
  });

  it('cookies are sent to their host and path, on any port', () => {
    expect(kept('a=b', 'http://localhost:5000')).to.equal('a=b');
    expect(kept('a=b', criteo)).to.equal('');
    expect(kept('a=b; Path=/log', app)).to.equal('');
    expect(kept('a=b; Path=/login', app)).to.equal('a=b');
  });

  it('Secure cookies are taken and sent over https only', () => {
    expect(kept('a=b; Secure', secure)).to.equal('');
    expect(kept('a=b; Secure', secure, undefined, secure)).to.equal('a=b');
    expect(kept('a=b; Secure', app, undefined, secure)).to.equal('');
    expect(kept('a=b; SameSite=None', app)).to.equal('');
    expect(kept('__Host-a=b; Secure; Path=/', secure, undefined, secure)).to.equal('__Host-a=b');
    expect(kept('__Host-a=b; Secure; Path=/a', secure, undefined, secure)).to.equal('');
  });

  it('cookies are replaced by name, and removed when they expire', () => {
    const client = new CookieClient();
    client.take(app, ['a=1', 'b=2; Max-Age=60', 'a=3', 'c=4; Expires=Thu, 01 Jan 1970 00:00:00 GMT']);
    expect(client.cookies(app)).to.deep.equal({ a: '3', b: '2' });
    client.take(app, ['b=; Max-Age=0']);
    expect(client.cookies(app)).to.deep.equal({ a: '3' });
  });
});
