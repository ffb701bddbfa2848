import { expect } from 'chai';
import { hint } from '../../lib/util/hint';
import { warningsOf } from '../support/warnings';

describe('hint', () => {
  const environment = process.env['NODE_ENV'];
  afterEach(() => {
    if (environment === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = environment;
  });

  it('warns once for each code', async () => {
    const warnings = await warningsOf(() => {
      for (const code of ['TEST_HINT_A', 'TEST_HINT_A', 'TEST_HINT_B']) hint(code, `hint ${code}`);
    });
    expect(warnings.map(({ code, message }) => [code, message])).to.deep.equal([
      ['TEST_HINT_A', 'hint TEST_HINT_A'],
      ['TEST_HINT_B', 'hint TEST_HINT_B'],
    ]);
  });

  it('is silent in production', async () => {
    process.env['NODE_ENV'] = 'production';
    expect(await warningsOf(() => hint('TEST_HINT_C', 'hint'))).to.deep.equal([]);
    delete process.env['NODE_ENV'];
    expect(await warningsOf(() => hint('TEST_HINT_C', 'hint'))).to.have.lengthOf(1);
  });
});
