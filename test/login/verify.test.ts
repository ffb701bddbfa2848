import { expect } from 'chai';
import type { Login } from '../../lib/login/verify';
import { classicArguments, readVerify } from '../../lib/login/verify';

/** A function of so many parameters. */
const ofLength = (length: number) => Object.defineProperty(() => {}, 'length', { value: length });

describe('readVerify', () => {
  it('takes the modern form from the options', () => {
    const verify = () => {};
    expect(readVerify(verify, undefined, false)).to.deep.equal({ verify, modern: true });
  });

  const taken: [boolean, number[]][] = [
    [false, [0, 4, 5]],
    [true, [0, 5, 6]],
  ];
  for (const [withRequest, lengths] of taken) {
    for (let length = 0; length <= 8; length += 1) {
      const verb = lengths.includes(length) ? 'takes' : 'refuses';
      it(`${verb} a classic verify of ${length} parameters with passReqToCallback: ${withRequest}`, () => {
        const read = () => readVerify(undefined, ofLength(length), withRequest);
        if (lengths.includes(length)) expect(read().modern).to.equal(false);
        else expect(read).to.throw(TypeError, `verify has ${length} parameters, so it cannot call back: expected (`);
      });
    }
  }

  it('says what is expected, and hints at what was meant', () => {
    const message = (length: number, withRequest: boolean): string => {
      try {
        readVerify(undefined, ofLength(length), withRequest);
      } catch (error) {
        return String(error);
      }
      return '';
    };
    expect(message(3, false)).to.match(/expected \(accessToken, refreshToken, profile, done\) or \(.*params.*\)$/);
    expect(message(3, true)).to.match(
      /expected \(req, accessToken, refreshToken, profile, done\) or \(req.*params.*\)$/,
    );
    expect(message(1, false)).to.match(/goes into the options: new CriteoStrategy\(\{ \.\.\.options, verify \}\)$/);
    expect(message(6, false)).to.match(/or the option passReqToCallback: true$/);
  });

  it('refuses what is no function, both forms at once, and the modern form with passReqToCallback', () => {
    for (const value of [undefined, null, 'me', {}]) {
      expect(() => readVerify(undefined, value, false)).to.throw(TypeError, 'needs a verify function');
    }
    for (const value of [null, 'me', {}]) {
      expect(() => readVerify(value, undefined, false)).to.throw(TypeError, 'the option verify must be a function');
    }
    expect(() =>
      readVerify(
        () => {},
        () => {},
        false,
      ),
    ).to.throw(TypeError, 'given twice');
    expect(() => readVerify(() => {}, undefined, true)).to.throw(TypeError, 'passReqToCallback');
  });
});

describe('classicArguments', () => {
  // Only passed on, so that a word can stand for each.
  const login = {
    tokens: { accessToken: 'a', refreshToken: 'r' },
    params: 'params',
    profile: 'profile',
    req: 'req',
  } as unknown as Login;

  const expected: [boolean, number, string[]][] = [
    [false, 0, ['a', 'r', 'profile']],
    [false, 4, ['a', 'r', 'profile']],
    [false, 5, ['a', 'r', 'params', 'profile']],
    [true, 0, ['req', 'a', 'r', 'profile']],
    [true, 5, ['req', 'a', 'r', 'profile']],
    [true, 6, ['req', 'a', 'r', 'params', 'profile']],
  ];
  for (const [withRequest, length, list] of expected) {
    it(`are ${list.join(', ')} for ${length} parameters with passReqToCallback: ${withRequest}`, () => {
      expect(classicArguments(length, withRequest, login)).to.deep.equal(list);
    });
  }
});
