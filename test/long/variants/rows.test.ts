import { expect } from 'chai';
import { rows, tellFailures } from './rows';

describe('A failure in some worlds', () => {
  it('is explained by the variant that they have in common', () => {
    const failed = rows.filter(({ callbackStateName }) => callbackStateName === 'STATE');
    expect(tellFailures(rows, failed)).to.deep.equal(['callbackStateName is STATE']);
  });

  it('is explained by several variants of a fact, or by two facts together', () => {
    const failed = rows.filter(
      ({ denialError, stateOnError }) => denialError !== 'access_denied' && stateOnError === 'returned',
    );
    expect(tellFailures(rows, failed)).to.include(
      'denialError is consent_denied or sentence and stateOnError is returned',
    );
  });
});
