import { expect } from 'chai';
import { deliver } from '../../lib/login/deliver-outcome';
import { hintAtUnreadFailure } from '../../lib/login/unread-failure-hint';
import { given } from '../../lib/util/hint';
import { authenticate, expectOneOutcomeEach } from '../support/passport';
import { stubbed, Visitor } from '../support/strategy';
import { warningsOf } from '../support/warnings';

const info = { code: 'state_unknown', message: 'There is no such login.' };

describe('A failure that the app does not show', () => {
  beforeEach(() => given.clear());
  expectOneOutcomeEach();

  it('is hinted at with its code, its message and what to do', async () => {
    const [warning, ...others] = await warningsOf(() => hintAtUnreadFailure({ failureRedirect: '/login' }, info));
    expect(others).to.deep.equal([]);
    expect(warning).to.have.property('code', 'CRITEO_UNREAD_FAILURE');
    expect(warning?.message)
      .to.match(/^A login failed: state_unknown: There is no such login\. – The app does not show why/)
      .and.contain('Add failureMessage: true')
      .and.contain('a callback')
      .and.match(/comes once, and not if NODE_ENV is production/);
  });

  it('is hinted at once', async () => {
    const warnings = await warningsOf(() => {
      for (let times = 0; times < 3; times += 1) hintAtUnreadFailure({ failureRedirect: '/' }, info);
    });
    expect(warnings).to.have.lengthOf(1);
  });

  it('is not read again once it was hinted at', async () => {
    let read = 0;
    const failed = {
      code: 'state_unknown',
      get message() {
        read += 1;
        return 'There is no such login.';
      },
    };
    await warningsOf(() => {
      for (let times = 0; times < 3; times += 1) hintAtUnreadFailure({ failureRedirect: '/' }, failed);
    });
    expect(read).to.equal(1);
  });

  it('is one of failureRedirect alone', async () => {
    const shown = [undefined, null, {}, { failureMessage: true }, { failureFlash: true }];
    const warnings = await warningsOf(() => {
      for (const options of shown) hintAtUnreadFailure(options && { failureRedirect: '/', ...options }, info);
      hintAtUnreadFailure({}, info);
    });
    // The third one.
    expect(warnings).to.have.lengthOf(1);
  });

  it('is not hinted at if the options cannot be read, and has no second outcome', async () => {
    const options = {
      get failureRedirect(): string {
        throw new Error('options');
      },
    };
    const strategy = stubbed({ verify: () => false });
    const visitor = new Visitor();
    const state = await visitor.handle(strategy);
    const warnings = await warningsOf(async () => {
      expect((await visitor.finish(strategy, { code: 'c', state }, options)).kind).to.equal('fail');
    });
    expect(warnings).to.deep.equal([]);
  });

  it('is told without what the app or a token put into it', async () => {
    const told = { code: 'not a word', message: 'hush' };
    const [warning] = await warningsOf(() => hintAtUnreadFailure({ failureRedirect: '/' }, told));
    expect(warning?.message)
      .to.match(/^A login failed – The app/)
      .and.not.contain('hush');
    given.clear();
    const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P';
    const [other] = await warningsOf(() =>
      hintAtUnreadFailure({ failureRedirect: '/' }, { ...info, message: `No: ${token}` }),
    );
    expect(other?.message).not.to.contain(token);
  });

  it('is noticed by the strategy, but not for a prefetch, which no user sees', async () => {
    const actions = { success() {}, fail() {}, redirect() {}, pass() {}, error() {} };
    const request = { actions, self: actions, strategy: 'criteo', startedAt: undefined };
    const options = { failureRedirect: '/login' };
    const silent = await warningsOf(() => {
      deliver({ ...request, options: undefined }, ['fail', info]);
      deliver({ ...request, options }, ['error', new Error('no')]);
    });
    expect(silent).to.deep.equal([]);
    expect(await warningsOf(() => deliver({ ...request, options }, ['fail', info]))).to.have.lengthOf(1);
  });

  it('changes nothing about the outcome', async () => {
    const outcome = await authenticate(stubbed(), new Visitor().request({ query: { code: 'c', state: 's' } }), {
      failureRedirect: '/login',
    });
    expect(outcome.kind).to.equal('fail');
  });
});
