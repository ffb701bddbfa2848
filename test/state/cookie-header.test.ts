import { expect } from 'chai';
import { cookiesOf, readCookies } from '../../lib/state/cookie-header';
import { asRequest, linesOf, newRequest, newResponse } from '../support/cookie-store';

const read = (cookie: unknown, names = /^[ab]$/): [string, string][] => [
  ...readCookies(asRequest({ headers: { cookie } }), names),
];

describe('readCookies', () => {
  it('finds cookies by name among others, with white space around them and = in their values', () => {
    expect(read('a=1; c=2; b=3=4')).to.deep.equal([
      ['a', '1'],
      ['b', '3=4'],
    ]);
    expect(read('  a  =  1  ;b=2;')).to.deep.equal([
      ['a', '1'],
      ['b', '2'],
    ]);
  });

  it('does not take a name or value for another that has other white space before or after it', () => {
    // A browser lets any subdomain set a cookie whose name does not start with __Host- exactly.
    for (const space of ['\u00a0', '\ufeff', '\u2000', '\u2028', '\u3000', '\v', '\f', '\r', '\n', '\0']) {
      expect(read(`${space}a=1; b${space}=2`), JSON.stringify(space)).to.deep.equal([]);
      expect(read(`a=${space}1`), JSON.stringify(space)).to.deep.equal([['a', `${space}1`]]);
    }
    expect(read('\t a\t=\t1 ')).to.deep.equal([['a', '1']]);
  });

  it('reads a header full of blanks as fast as any other of that length', () => {
    const blanks = `a${' \t'.repeat(32_000)}b=1; ${' '.repeat(1000)}a=2`;
    const start = process.cpuUsage();
    for (let times = 0; times < 20; times += 1) expect(read(blanks)).to.deep.equal([['a', '2']]);
    // In milliseconds. One such header took seconds when its white space was removed by a regular expression.
    expect(process.cpuUsage(start).user / 1000).to.be.below(1000);
  });

  it('returns the first of several cookies with one name', () => {
    expect(read('a=1; a=2')).to.deep.equal([['a', '1']]);
  });

  it('ignores text that is not a cookie', () => {
    for (const garbage of ['', ';;;', '=', '=a', 'a', 'a;b', '\0', 'A=1', undefined, null, 7, ['a=1'], {}]) {
      expect(read(garbage), JSON.stringify(garbage)).to.deep.equal([]);
    }
    expect(read('=; b; a=1; ;;')).to.deep.equal([['a', '1']]);
    expect(readCookies(asRequest({}), /a/).size).to.equal(0);
  });

  it('returns cookies that are named like properties of every object', () => {
    const found = readCookies(asRequest({ headers: { cookie: '__proto__=1; constructor=2' } }), /o/);
    expect([...found]).to.deep.equal([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
    expect(Object.keys(Object.prototype)).to.deep.equal([]);
  });

  it('stops reading at 64 KiB', () => {
    expect(read(`${' '.repeat(65_535)};a=1`)).to.deep.equal([]);
    expect(read(`${' '.repeat(65_500)};a=1`)).to.deep.equal([['a', '1']]);
  });
});

/** A reply of Fastify: its own headers replace those of the raw response at the end. */
class Reply {
  raw = newResponse();
  sent = false;
  private own: string[] | undefined;
  getHeader(name: string): unknown {
    return this.own ?? this.raw.getHeader(name);
  }
  removeHeader(name: string): void {
    this.own = undefined;
    this.raw.removeHeader(name);
  }
  header(_name: string, value: string | string[]): this {
    this.own = [...(this.own ?? []), ...[value].flat()];
    return this;
  }
  end(): string[] {
    if (this.own) this.raw.setHeader('Set-Cookie', this.own);
    return linesOf(this.raw);
  }
}

/** Makes a request of koa-passport, whose response does not tell which headers are set. */
function koaRequest(): { req: object; res: ReturnType<typeof newResponse> } {
  const res = newResponse();
  const request = { headers: {}, res };
  const req: object = Object.create(request, { ctx: { enumerable: true, get: () => ({ res, request }) } });
  const set = (): void => expect.fail('the response of koa-passport was used');
  return { req: Object.assign(req, { res: { redirect: set, set, setHeader: set, end: set, send: set } }), res };
}

describe('cookiesOf', () => {
  it('adds cookies to those that are set already, be it none, one or several', () => {
    for (const others of [[], 'a=1', ['a=1', 'b=2']]) {
      const { req, res } = newRequest();
      if (others.length > 0) res.setHeader('Set-Cookie', others);
      cookiesOf(req)(['x=1', 'y=2']);
      cookiesOf(req)(['z=3']);
      expect(linesOf(res)).to.deep.equal([others, 'x=1', 'y=2', 'z=3'].flat());
    }
  });

  it('does not change an array of cookies that is set already', () => {
    const { req, res } = newRequest();
    const others = ['a=1'];
    res.setHeader('Set-Cookie', others);
    cookiesOf(req)(['x=1']);
    expect(others).to.deep.equal(['a=1']);
  });

  it('sets cookies on the response of Koa’s context with koa-passport', () => {
    const { req, res } = koaRequest();
    res.setHeader('Set-Cookie', 'a=1');
    cookiesOf(asRequest(req))(['x=1']);
    expect(linesOf(res)).to.deep.equal(['a=1', 'x=1']);
  });

  it('sets cookies on a reply of Fastify, and keeps those of the reply and of its raw response', () => {
    const own = new Reply().header('set-cookie', 'a=1');
    cookiesOf(asRequest({ headers: {}, res: own }))(['x=1']);
    expect(own.header('set-cookie', 'b=2').end()).to.deep.equal(['a=1', 'x=1', 'b=2']);

    const raw = new Reply();
    raw.raw.setHeader('Set-Cookie', 'a=1');
    cookiesOf(asRequest({ headers: {}, res: raw }))(['x=1']);
    expect(raw.end()).to.deep.equal(['a=1', 'x=1']);
  });

  it('throws an error that says what to do if there is no response', () => {
    const getHeader = (): undefined => undefined;
    for (const shape of [{}, { res: null }, { res: {} }, { res: { getHeader } }, { ctx: null }, { ctx: { res: 7 } }]) {
      expect(() => cookiesOf(asRequest(shape)), JSON.stringify(shape))
        .to.throw(Error, /req\.res = res.*request\.res = reply/)
        .with.property('code', 'response_missing');
    }
    for (const half of [
      { getHeader, removeHeader: getHeader },
      { getHeader, header: getHeader },
    ]) {
      expect(() => cookiesOf(asRequest({ res: half }))).to.throw(Error, /req\.res/);
    }
  });

  it('throws an error if the headers of the response are sent', () => {
    const { req, res } = newRequest();
    res.writeHead(200);
    res.flushHeaders();
    expect(() => cookiesOf(req))
      .to.throw(Error, /headers of the response are sent/)
      .with.property('code', 'headers_sent');
    const reply = Object.assign(new Reply(), { sent: true });
    expect(() => cookiesOf(asRequest({ res: reply }))).to.throw(Error, /headers of the response are sent/);
  });
});
