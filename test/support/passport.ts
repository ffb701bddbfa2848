import { expect } from 'chai';

/** A call of one of Passport's methods. A strategy has to make exactly one for each request. */
export interface Outcome {
  kind: 'success' | 'fail' | 'redirect' | 'error' | 'pass';
  args: unknown[];
}

// The calls of every request of a test. Later calls are recorded as well.
let calls: Outcome[][] = [];

/** Runs `authenticate` as Passport does, on an object made for the request, and waits for the first outcome. */
export function authenticate(strategy: object, request: object = {}, options?: unknown): Promise<Outcome> {
  const own: Outcome[] = [];
  calls.push(own);
  return new Promise((resolve) => {
    const verb = (kind: Outcome['kind']) => ({
      value: (...args: unknown[]) => {
        own.push({ kind, args });
        resolve({ kind, args });
      },
    });
    const verbs = { success: verb('success'), fail: verb('fail'), redirect: verb('redirect') };
    const augmented = Object.create(strategy, { ...verbs, error: verb('error'), pass: verb('pass') });
    augmented.authenticate(request, options);
  });
}

/** Expects after each test that every request had exactly one outcome, and that no promise was rejected unhandled. */
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
