import { expect } from 'chai';
import { Jar } from './jar';

describe('The cookie jar of tests', () => {
  const app = new URL('http://localhost:3000/login');
  const criteo = new URL('http://127.0.0.1:4000/request');
  const https = new URL('https://localhost/');
  const kept = (line: string, at: URL, from?: URL, set = app): string => {
    const jar = new Jar();
    jar.take(set, [line]);
    return jar.header(at, from);
  };

  it('leaves Strict cookies out of visits from other sites, and no others', () => {
    expect(kept('a=b; SameSite=Strict', app, criteo)).to.equal('');
    expect(kept('a=b; SameSite=Strict', app, new URL('http://localhost:5000'))).to.equal('a=b');
    expect(kept('a=b; SameSite=Strict', app)).to.equal('a=b');
    for (const line of ['a=b', 'a=b; SameSite=Lax']) expect(kept(line, app, criteo)).to.equal('a=b');
  });

  it('keeps cookies to their host, whatever the port, and to their path', () => {
    expect(kept('a=b', new URL('http://localhost:5000'))).to.equal('a=b');
    expect(kept('a=b', criteo)).to.equal('');
    expect(kept('a=b; Path=/log', app)).to.equal('');
    expect(kept('a=b; Path=/login', app)).to.equal('a=b');
  });

  it('takes and sends Secure cookies over https only', () => {
    expect(kept('a=b; Secure', https)).to.equal('');
    expect(kept('a=b; Secure', https, undefined, https)).to.equal('a=b');
    expect(kept('a=b; Secure', app, undefined, https)).to.equal('');
    expect(kept('a=b; SameSite=None', app)).to.equal('');
    expect(kept('__Host-a=b; Secure; Path=/', https, undefined, https)).to.equal('__Host-a=b');
    expect(kept('__Host-a=b; Secure; Path=/a', https, undefined, https)).to.equal('');
  });

  it('replaces cookies by name, and drops those whose time is over', () => {
    const jar = new Jar();
    jar.take(app, ['a=1', 'b=2; Max-Age=60', 'a=3', 'c=4; Expires=Thu, 01 Jan 1970 00:00:00 GMT']);
    expect(jar.header(app)).to.equal('b=2; a=3');
    jar.take(app, ['b=; Max-Age=0']);
    expect(jar.names).to.deep.equal(['a']);
  });
});
