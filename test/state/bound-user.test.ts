import { expect } from 'chai';
import { fingerprint, signedInUser } from '../../lib/state/bound-user';

const named = (parts: object): unknown => Reflect.apply(signedInUser, undefined, [parts]);
const of = (user: unknown): unknown => named({ user });

/** Like the id of MongoDB's drivers. */
class ObjectId {
  constructor(readonly hex: string) {}
  toHexString(): string {
    return this.hex;
  }
}

class Account {
  get id(): string {
    return 'from a getter';
  }
}

describe('signedInUser', () => {
  const users: [string, unknown, string][] = [
    ...['id', '_id', 'sub', 'userId', 'userID', 'user_id', 'uid', 'uuid'].map((name): [string, unknown, string] => [
      name,
      { [name]: 'ada', email: 'x' },
      'ada',
    ]),
    ['the id before the other names', { uid: 'c', sub: 'b', id: 'a' }, 'a'],
    ['another name if the id is empty', { id: '', _id: null, sub: 'b' }, 'b'],
    ['a number', { id: 0 }, '0'],
    ['a bigint', { id: 12n }, '12'],
    ['an ObjectId', { _id: new ObjectId('65f0'), name: 'x' }, '65f0'],
    ['an object with a text of its own', { id: { toString: () => 'x' } }, 'x'],
    ['bytes, as databases return binary UUIDs', { id: Buffer.from([0x80, 1]) }, '8001'],
    ['bytes that are no Buffer', { id: new Uint8Array([0x80, 1]) }, '8001'],
    ['an inherited id', new Account(), 'from a getter'],
    ['a user that is a text', 'ada', 'ada'],
    ['a user that is a number', 7, '7'],
    ['a user that is a bigint', 7n, '7'],
  ];
  for (const [name, user, expected] of users) {
    it(`understands ${name}`, () => {
      expect(of(user)).to.equal(expected);
    });
  }

  it('tells two ObjectIds apart', () => {
    expect(of({ _id: new ObjectId('1') })).not.to.equal(of({ _id: new ObjectId('2') }));
  });

  it('tells two ids of bytes apart that are no text', () => {
    expect(of({ id: Buffer.from([0x80]) })).not.to.equal(of({ id: Buffer.from([0x81]) }));
  });

  it('reads the property that Passport was given as userProperty', () => {
    expect(named({ _userProperty: 'account', account: { id: 'a' }, user: { id: 'b' } })).to.equal('a');
    expect(named({ _userProperty: 'account', user: { id: 'b' } })).to.equal(undefined);
  });

  it('reads the property that @fastify/passport was given as userProperty', () => {
    const passport = { userProperty: 'account' };
    expect(named({ passport, account: { id: 'a' }, user: { id: 'b' } })).to.equal('a');
    expect(named({ passport: {}, user: { id: 'b' } })).to.equal('b');
  });

  it("reads Koa's ctx.state, because the request that koa-passport makes for passport.authorize has no user", () => {
    expect(named({ ctx: { state: { user: { id: 'a' } } } })).to.equal('a');
    expect(named({ ctx: { state: { user: null } }, user: undefined })).to.equal(undefined);
    expect(named({ ctx: {} })).to.equal(undefined);
    expect(() => named({ ctx: { state: { user: {} } } })).to.throw(/set the option bindTo/);
  });

  it('returns undefined if no user is signed in', () => {
    expect(named({})).to.equal(undefined);
    for (const user of [undefined, null, false, '', 0]) expect(of(user), String(user)).to.equal(undefined);
  });

  const unnamed: [string, unknown][] = [
    ['has no id', {}],
    ['is true', true],
    ['has another name for it', { email: 'ada@example.com', primaryKey: 1 }],
    ['has an id that is an object without a text', { id: { value: 1 } }],
    ['has an id without a prototype', { id: Object.create(null) }],
    ['has an id that is true', { id: true }],
    ['has an id that is not a number', { id: Number.NaN }],
    ['has an id that is a function', { id: () => 'ada' }],
    ['has an id that is a symbol', { id: Symbol('ada') }],
    ['has an id with an empty text', { id: { toString: () => '' } }],
    ['has an id whose text has lost bytes', { _id: { toString: () => Buffer.from([65, 0x80]).toString() } }],
    ['has an empty ObjectId', { _id: new ObjectId('') }],
    ['is a list', [1]],
    ['is a function', () => 'ada'],
    ['is a symbol', Symbol('ada')],
  ];
  for (const [name, user] of unnamed) {
    it(`throws user_unidentified for a user who ${name}, and says to set bindTo`, () => {
      expect(() => of(user))
        .to.throw(Error, /A user is signed in, but req\.user has no id .* set the option bindTo of CriteoStrategy/)
        .with.include({ code: 'user_unidentified', status: 500 });
    });
  }
});

describe('fingerprint', () => {
  it('is 43 characters that tell two names apart and reveal neither', () => {
    expect(fingerprint('ada'))
      .to.match(/^[\w-]{43}$/)
      .and.equal(fingerprint('ada'));
    expect(fingerprint('ada')).not.to.equal(fingerprint('bob'));
  });
});
