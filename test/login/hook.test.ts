import { expect } from 'chai';
import { HookTimeoutError } from '../../lib/errors';
import { asError, askHook, atOnce, callHook, type HookAnswer } from '../../lib/login/hook';
import { rejection } from '../support/errors';

/** All answers of a hook, each but for what it leaves out at its end, once everything it started has had its turn. */
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

describe('callHook', () => {
  it('gives what the hook answers, at once or later', async () => {
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
    [
      'returns a thenable that throws',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: that is what is tested
        then() {
          throw boom;
        },
      }),
    ],
    [
      'returns an object whose then cannot even be read',
      () =>
        Object.defineProperty({}, 'then', {
          get() {
            throw boom;
          },
        }),
    ],
  ] satisfies [string, (answer: HookAnswer) => unknown][]) {
    it(`gives the error of a hook that ${what}`, async () => {
      expect(await answersOf(call)).to.eql([[boom]]);
    });
  }

  for (const [what, call] of [
    [
      'answers twice',
      (answer) => {
        answer(null, 1);
        answer(boom);
      },
    ],
    [
      'answers and then throws',
      (answer) => {
        answer(null, 1);
        throw boom;
      },
    ],
    [
      'answers and then rejects',
      (answer) => {
        answer(null, 1);
        return Promise.reject(boom);
      },
    ],
    [
      'answers after its deadline too',
      (answer) => {
        answer(null, 1);
        setTimeout(answer, 5, boom);
      },
    ],
  ] satisfies [string, (answer: HookAnswer) => unknown][]) {
    it(`takes the first answer of a hook that ${what}`, async () => {
      expect(await answersOf(call, 2)).to.eql([[undefined, 1]]);
    });
  }

  it('gives an error after too long a silence, once, and names the hook', async () => {
    const [[error] = [], ...others] = await answersOf((answer) => setTimeout(answer, 5, null, 1), 1);
    expect(error).to.be.instanceOf(HookTimeoutError);
    expect(error).to.have.property('message', 'The hook did not respond within 1 ms (the option timeout)');
    expect(others).to.eql([]);
  });

  it('waits as long as a timer can if that is less than it was told', async () => {
    expect(await answersOf((answer) => setTimeout(answer, 5, null, 1), 2 ** 31)).to.eql([[undefined, 1]]);
  });

  it('does not take the return of a promise for an answer', async () => {
    expect(await answersOf(async () => 1, 500)).to.eql([]);
  });

  it('makes an error of a reason that is none', async () => {
    const [[error] = []] = await answersOf((answer) => answer('route'));
    expect(error).to.be.instanceOf(Error).and.have.property('message', 'The hook failed: route');
  });

  it('leaves no timer once it is answered', async () => {
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
  it('promises what the hook answers', async () => {
    expect(await askHook('The hook', 100, (answer) => answer(null, 1, 2, 3))).to.eql([1, 2, 3]);
  });

  it('rejects with its error', async () => {
    expect(
      await rejection(
        askHook('The hook', 100, (answer) => answer(boom)),
        Error,
      ),
    ).to.equal(boom);
  });
});

describe('asError', () => {
  it('leaves objects as they are', () => {
    const reason = { statusCode: 500 };
    expect(asError(reason, 'verify')).to.equal(reason);
    expect(asError(boom, 'verify')).to.equal(boom);
  });

  it('makes an error of what Passport would take for something else', () => {
    for (const reason of [undefined, null, 'route', 'router', 0, false, Symbol('x'), 1n]) {
      expect(asError(reason, 'verify'))
        .to.be.instanceOf(Error)
        .and.have.property('message', `verify failed: ${String(reason)}`);
    }
  });
});

describe('atOnce', () => {
  it('gives an answer that is there', () => {
    for (const answer of [undefined, null, 'x', {}]) expect(atOnce('bindTo', answer)).to.equal(answer);
  });

  it('refuses a promise, whose rejection goes no further', async () => {
    for (const promise of [Promise.resolve('x'), Promise.reject(boom)]) {
      expect(() => atOnce('bindTo', promise)).to.throw(TypeError, 'bindTo must answer at once');
    }
    await new Promise((resolve) => setImmediate(resolve));
  });
});
