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
      for (const code of ['TEST_HINT_A', 'TEST_HINT_A', 'TEST_HINT_B']) hint(code, () => `hint ${code}`);
    });
    expect(warnings.map(({ code, message }) => [code, message])).to.deep.equal([
      ['TEST_HINT_A', 'hint TEST_HINT_A'],
      ['TEST_HINT_B', 'hint TEST_HINT_B'],
    ]);
  });

  it('makes the text for a warning only, because that takes time', async () => {
    let made = 0;
    const text = () => {
      made += 1;
      return 'hint';
    };
    await warningsOf(() => {
      for (let times = 0; times < 3; times += 1) hint('TEST_HINT_D', text);
      process.env['NODE_ENV'] = 'production';
      hint('TEST_HINT_E', text);
    });
    expect(made).to.equal(1);
  });

  it('is silent in production', async () => {
    const text = () => 'hint';
    process.env['NODE_ENV'] = 'production';
    expect(await warningsOf(() => hint('TEST_HINT_C', text))).to.deep.equal([]);
    delete process.env['NODE_ENV'];
    expect(await warningsOf(() => hint('TEST_HINT_C', text))).to.have.lengthOf(1);
  });
});
