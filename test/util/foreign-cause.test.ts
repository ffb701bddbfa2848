import { inspect } from 'node:util';
import { expect } from 'chai';
import { TokenStoreError } from '../../lib/errors';
import { foreignCause } from '../../lib/util/foreign-cause';

describe('foreignCause', () => {
  it('returns the stack frames that follow the message, and no others', () => {
    const frames = '\n    at one (a.js:1:1)\n    at two (b.js:2:2)';
    for (const [stack, expected] of [
      ['Error: down', 'Error: down'],
      [`Error: down${frames}`, `Error: down${frames}`],
      [`Error: down${frames}\nmore${frames}`, `Error: down${frames}`],
      // These lines may be a part of a message that was shortened afterwards.
      [`Error: down\nmore${frames}`, 'Error: down'],
    ]) {
      expect(foreignCause(Object.assign(new Error('down'), { stack }))?.stack).to.equal(expected);
    }
  });

  const token = 'kQ+7z/Vb2Xw9RtLm4pJc8NsYd3FgHa6E==';

  /** As ioredis makes them: with the command and its arguments. */
  class ReplyError extends Error {
    command = { name: 'set', args: ['user-1', token] };
    previous = new Error(`SET user-1 ${token}`);
    errors = [new Error(token)];
    code: unknown = 'WRONGTYPE';
    constructor() {
      super(`WRONGTYPE Operation against a key, command SET user-1 ${token}`, { cause: new Error(token) });
      Object.defineProperty(this, 'name', { value: 'ReplyError' });
      Object.defineProperty(this, 'hidden', { value: token, enumerable: false });
    }
  }

  it('keeps name, message and code of an error, and nothing that its driver attached', () => {
    const cause = foreignCause(new ReplyError());
    expect(cause).to.be.instanceOf(Error);
    expect(cause).to.include({
      name: 'ReplyError',
      message: 'WRONGTYPE Operation against a key, command SET user-1 [redacted]',
      code: 'WRONGTYPE',
    });
    const error = new TokenStoreError('It broke', { code: 'store_failed', status: 503, cause });
    const shown = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true });
    expect(shown).to.include('ReplyError: WRONGTYPE Operation').and.not.include(token.slice(0, 8));
    expect(shown).not.to.match(/args|previous|hidden|\[errors\]/);
    expect(Reflect.ownKeys(cause ?? {}).sort()).to.deep.equal(['code', 'message', 'name', 'stack']);
  });

  it('keeps the stack frames of the error, without its message', () => {
    const thrown = new ReplyError();
    expect(foreignCause(thrown)?.stack).to.match(
      /^ReplyError: WRONGTYPE [^\n]* \[redacted\]\n {4}at .*foreign-cause\.test/,
    );
    expect(foreignCause(new Error(''))?.stack).to.match(/^Error\n {4}at .*foreign-cause\.test/);
    thrown.message = 'changed afterwards';
    expect(foreignCause(thrown)?.stack).to.equal('ReplyError: changed afterwards');
    const faked = new Error(`no\n    at once (${token}:1:1)`);
    expect(foreignCause(faked)?.stack).to.match(
      /^Error: no {5}at once \(\[redacted\][^\n]*\)\n {4}at .*foreign-cause\.test/,
    );
  });

  it('returns an error that JSON shows without its stack, and whose name and stack can be changed, as usual', () => {
    const cause = foreignCause(new ReplyError()) ?? expect.fail();
    expect(JSON.stringify(cause)).to.equal('{"code":"WRONGTYPE"}');
    for (const name of ['name', 'stack'] as const) {
      cause[name] = 'changed';
      expect(cause[name]).to.equal('changed');
      Object.defineProperty(cause, name, { get: () => 'changed again' });
      expect(cause[name]).to.equal('changed again');
    }
  });

  it('masks the given secrets', () => {
    const cause = foreignCause(new Error('cannot write refresh-1 at refresh-1'), ['refresh-1']);
    expect(cause?.message).to.equal('cannot write [redacted] at [redacted]');
    expect(cause?.stack).not.to.include('refresh-1');
  });

  it('keeps codes that are numbers or words, and no others', () => {
    const codeOf = (code: unknown): unknown =>
      (foreignCause(Object.assign(new Error('x'), { code })) as { code?: unknown }).code;
    expect([11_000, '57014', 'ECONNREFUSED'].map(codeOf)).to.deep.equal([11_000, '57014', 'ECONNREFUSED']);
    for (const code of [undefined, {}, Number.NaN, 1.5, 'two words', token, '4bf92f3577b34da6a3ce929d0e0e4736']) {
      expect(codeOf(code)).to.equal(undefined);
    }
  });

  it('returns an error for any value that was thrown', () => {
    expect([foreignCause(undefined), foreignCause(null)]).to.deep.equal([undefined, undefined]);
    expect(foreignCause(`no ${token}`)).to.include({ name: 'Error', message: 'no [redacted]' });
    expect(foreignCause(7)?.message).to.equal('7');
    expect(foreignCause({ message: 'plain', name: 'two words', stack: 7 })).to.include({
      name: 'Error',
      message: 'plain',
    });
    expect(foreignCause({ secret: token })?.message).to.equal('');
    for (const message of [Symbol('x'), /x/, 7]) {
      expect(foreignCause({ message, stack: 'Error: 7\n    at one (a.js:1:1)' })?.stack).to.equal('Error');
    }
    const traps = {
      get(): never {
        throw new Error(token);
      },
    };
    expect(foreignCause(new Proxy({}, traps))).to.include({ name: 'Error', message: '' });
  });

  it('reads the first characters of a long message only', () => {
    const long = new Error('+'.repeat(8_000_000));
    const start = performance.now();
    expect(foreignCause(long)?.message.length).to.be.below(302);
    expect(performance.now() - start).to.be.below(500);
  });

  it('shows no source of a function that was thrown, and does not throw if that has no text', () => {
    const textless = Object.assign(() => {}, {
      toString() {
        throw new Error('no text');
      },
    });
    for (const reason of [textless, class Failed {}, () => token]) {
      expect(foreignCause(reason)?.message).to.equal('');
      expect(inspect(foreignCause(reason)))
        .to.not.include(token)
        .and.not.include('class');
    }
    expect(foreignCause(Object.assign(() => {}, { message: 'down' }))?.message).to.equal('down');
  });
});
