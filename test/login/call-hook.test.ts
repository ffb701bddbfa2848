import { expect } from 'chai';
import { HookTimeoutError } from '../../lib/errors';
import { asError, askHook, atOnce, callHook, type HookAnswer } from '../../lib/login/call-hook';
import { rejection } from '../support/errors';

/** Collects all results of a hook, each without the trailing undefined values, until its timers of a few milliseconds have fired. */
async function answersOf(call: (callback: HookAnswer) => unknown, timeout = 1000): Promise<unknown[][]> {
  const answers: unknown[][] = [];
  callHook('The hook', timeout, call, (...answer) => {
    answers.push(answer.slice(0, 1 + answer.findLastIndex((value) => value !== undefined)));
  });
  await new Promise((resolve) => setTimeout(resolve, 10));
  return answers;
}

const boom = new Error('boom');
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

/** A promise as Bluebird and others make them. */
const foreignPromise = (reason: unknown) => ({
  // biome-ignore lint/suspicious/noThenProperty: that is what is tested
  then: (_: unknown, reject: (reason: unknown) => void) => setImmediate(reject, reason),
  catch() {},
});

describe('callHook', () => {
  it('passes on the result of a hook that calls back immediately or later', async () => {
    expect(await answersOf((answer) => answer(null, 1, 2, 3))).to.eql([[undefined, 1, 2, 3]]);
    expect(await answersOf((answer) => setImmediate(answer, null, 1))).to.eql([[undefined, 1]]);
    expect(await answersOf((answer) => answer())).to.eql([[]]);
  });

  for (const [what, call] of [
    ['calls back with an error', (answer) => answer(boom)],
    [
      'throws',
      () => {
        throw boom;
      },
    ],
    ['rejects', () => Promise.reject(boom)],
    ['rejects later', () => new Promise((_, reject) => setImmediate(reject, boom))],
    ['returns a promise of another library that rejects', () => foreignPromise(boom)],
  ] satisfies [string, (answer: HookAnswer) => unknown][]) {
    it(`passes on the error of a hook that ${what}`, async () => {
      expect(await answersOf(call)).to.eql([[boom]]);
    });
  }

  for (const [what, call] of [
    [
      'calls back twice',
      (answer) => {
        answer(null, 1);
        answer(boom);
      },
    ],
    [
      'calls back and then throws',
      (answer) => {
        answer(null, 1);
        throw boom;
      },
    ],
    [
      'calls back and then rejects',
      (answer) => {
        answer(null, 1);
        return Promise.reject(boom);
      },
    ],
    [
      'calls back again after its deadline',
      (answer) => {
        answer(null, 1);
        setTimeout(answer, 5, boom);
      },
    ],
  ] satisfies [string, (answer: HookAnswer) => unknown][]) {
    it(`uses the first result of a hook that ${what}`, async () => {
      expect(await answersOf(call, 2)).to.eql([[undefined, 1]]);
    });
  }

  it('reports one error that names the hook if it does not call back in time', async () => {
    let late: HookAnswer = () => {};
    const errors: unknown[] = [];
    await new Promise<void>((resolve) => {
      const keep = (answer: HookAnswer): void => {
        late = answer;
      };
      callHook('The hook', 1, keep, (error) => {
        errors.push(error);
        resolve();
      });
    });
    late(null, 1);
    expect(errors).to.have.length(1);
    expect(errors[0]).to.be.instanceOf(HookTimeoutError);
    expect(errors[0]).to.have.property('message', 'The hook did not respond within 1 ms (the option timeout)');
  });

  it('waits as long as a timer can if the timeout is longer than that', async () => {
    expect(await answersOf((answer) => setTimeout(answer, 5, null, 1), 2 ** 31)).to.eql([[undefined, 1]]);
  });

  it('does not use the value of a returned promise as the result', async () => {
    expect(await answersOf(async () => 1, 500)).to.eql([]);
  });

  it('does not run a query that a hook returns, and that runs when its then is called', async () => {
    let runs = 0;
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    const query = { then: () => (runs += 1), catch: () => {}, exec: () => {} };
    const asked = (answer: HookAnswer) => {
      setImmediate(answer, null, 1);
      return query;
    };
    expect(await answersOf(asked)).to.eql([[undefined, 1]]);
    expect(runs).to.equal(0);
  });

  for (const [what, answer] of [
    ['a promise', Promise.resolve(1)],
    ['a promise that rejects', Promise.reject(boom)],
    ['a promise that never settles', new Promise(() => {})],
    // biome-ignore lint/suspicious/noThenProperty: that is what is tested
    ['a query', { then: () => expect.fail() }],
  ] as [string, unknown][]) {
    it(`refuses ${what} as the answer of a hook`, async () => {
      const [[error, ...others] = []] = await answersOf((done) => done(null, answer));
      expect(error).to.be.instanceOf(TypeError);
      expect(error)
        .to.have.property('message')
        .that.matches(/^The hook called back with a promise: call back once it has/);
      expect(others).to.eql([]);
    });
  }

  it('calls back with an error for an answer whose then throws when it is read', async () => {
    const answer = Object.defineProperty({}, 'then', {
      get() {
        throw boom;
      },
    });
    expect(await answersOf((done) => done(null, answer))).to.eql([[boom]]);
  });

  it('turns a function that was thrown into an error, without its source and even if it has no text', async () => {
    const textless = Object.assign(() => 'secret', {
      toString() {
        throw new Error('no text');
      },
    });
    const { proxy, revoke } = Proxy.revocable(() => {}, {});
    revoke();
    for (const reason of [textless, () => 'secret', class Secret {}, proxy]) {
      for (const call of [(done: HookAnswer) => done(reason), () => Promise.reject(reason)]) {
        const [[error] = []] = await answersOf(call);
        expect(error).to.be.instanceOf(Error).and.have.property('message', 'The hook failed: a function was thrown');
      }
    }
  });

  it('turns a reason that is not an object into an error', async () => {
    const [[error] = []] = await answersOf((answer) => answer('route'));
    expect(error).to.be.instanceOf(Error).and.have.property('message', 'The hook failed: route');
  });

  it('leaves no timer after the hook called back', async () => {
    // mocha starts its own as soon as the test has returned its promise.
    await new Promise((resolve) => setImmediate(resolve));
    const before = timers();
    callHook(
      'The hook',
      60_000,
      (answer) => answer(),
      () => {},
    );
    expect(timers()).to.be.at.most(before);
    await new Promise<void>((resolve) =>
      callHook(
        'The hook',
        60_000,
        (answer) => setImmediate(answer),
        () => resolve(),
      ),
    );
    expect(timers()).to.be.at.most(before);
  });
});

describe('askHook', () => {
  it('returns a promise of the hook’s results', async () => {
    expect(await askHook('The hook', 100, (answer) => answer(null, 1, 2, 3))).to.eql([1, 2, 3]);
  });

  it('rejects with the hook’s error', async () => {
    expect(
      await rejection(
        askHook('The hook', 100, (answer) => answer(boom)),
        Error,
      ),
    ).to.equal(boom);
  });
});

describe('asError', () => {
  it('returns objects unchanged', () => {
    const reason = { statusCode: 500 };
    expect(asError(reason, 'verify')).to.equal(reason);
    expect(asError(boom, 'verify')).to.equal(boom);
  });

  it('turns other values into errors, because Passport gives some of them another meaning', () => {
    for (const reason of [undefined, null, 'route', 'router', 0, false, Symbol('x'), 1n]) {
      expect(asError(reason, 'verify'))
        .to.be.instanceOf(Error)
        .and.have.property('message', `verify failed: ${String(reason)}`);
    }
  });
});

describe('atOnce', () => {
  it('returns a value that is not a promise', () => {
    for (const answer of [undefined, null, 'x', {}]) expect(atOnce('bindTo', answer)).to.equal(answer);
  });

  it('throws for a promise, and leaves no unhandled rejection', async () => {
    for (const promise of [Promise.resolve('x'), Promise.reject(boom)]) {
      expect(() => atOnce('bindTo', promise)).to.throw(TypeError, 'bindTo must answer at once');
    }
    await new Promise((resolve) => setImmediate(resolve));
  });
});
