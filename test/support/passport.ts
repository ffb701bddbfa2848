import { expect } from 'chai';

/** A call of one of Passport's methods. A strategy must make exactly one call for each request. */
export interface Outcome {
  kind: 'success' | 'fail' | 'redirect' | 'error' | 'pass';
  args: unknown[];
}

// The calls of every request of a test, including those after the first.
let calls: Outcome[][] = [];

/** How Passport was given the strategy. */
export type Given = 'by name' | 'as an instance';

/**
 * Runs `authenticate` like Passport, and waits for the first outcome. For a strategy given by name, each request has its
 * own object. For an instance, each request overwrites the actions of the strategy itself.
 */
export function authenticate(
  strategy: object,
  request: object = {},
  options?: unknown,
  given: Given = 'by name',
): Promise<Outcome> {
  const own: Outcome[] = [];
  calls.push(own);
  return new Promise((resolve) => {
    const verb = (kind: Outcome['kind']) => ({
      value: (...args: unknown[]) => {
        own.push({ kind, args });
        resolve({ kind, args });
      },
      configurable: true,
      writable: true,
    });
    const verbs = { success: verb('success'), fail: verb('fail'), redirect: verb('redirect') };
    const target = given === 'by name' ? Object.create(strategy) : strategy;
    Object.defineProperties(target, { ...verbs, error: verb('error'), pass: verb('pass') });
    target.authenticate(request, options);
  });
}

/** Expects after each test that every request had exactly one outcome, and that there was no unhandled rejection. */
export function expectOneOutcomeEach(): void {
  const stray: unknown[] = [];
  const listen = (error: unknown) => stray.push(error);
  before(() => process.on('unhandledRejection', listen));
  after(() => process.off('unhandledRejection', listen));
  afterEach(async () => {
    await new Promise(setImmediate);
    expect(stray.splice(0)).to.deep.equal([]);
    const kinds = calls.map((own) => own.map(({ kind }) => kind));
    calls = [];
    for (const each of kinds) expect(each).to.have.length(1);
  });
}
