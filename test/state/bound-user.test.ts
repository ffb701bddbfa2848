import { expect } from 'chai';
import { fingerprint, signedInUser } from '../../lib/state/bound-user';
import { given } from '../../lib/util/hint';
import { warningsOf } from '../support/warnings';

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
    ['id before the other names', { uid: 'c', sub: 'b', id: 'a' }, 'a'],
    ['another name if the id is empty', { id: '', _id: null, sub: 'b' }, 'b'],
    ['a number', { id: 0 }, '0'],
    ['a bigint', { id: 12n }, '12'],
    ['an ObjectId', { _id: new ObjectId('65f0'), name: 'x' }, '65f0'],
    ['an object with its own toString', { id: { toString: () => 'x' } }, 'x'],
    ['bytes, as databases return binary UUIDs', { id: Buffer.from([0x80, 1]) }, '8001'],
    ['bytes that are not in a Buffer', { id: new Uint8Array([0x80, 1]) }, '8001'],
    ['an inherited id', new Account(), 'from a getter'],
    ['a user that is a string', 'ada', 'ada'],
    ['a user that is a number', 7, '7'],
    ['a user that is a bigint', 7n, '7'],
  ];
  for (const [name, user, expected] of users) {
    it(`reads ${name}`, () => {
      expect(of(user)).to.equal(expected);
    });
  }

  it('tells two ObjectIds apart', () => {
    expect(of({ _id: new ObjectId('1') })).not.to.equal(of({ _id: new ObjectId('2') }));
  });

  it('tells two binary ids apart that are not valid text', () => {
    expect(of({ id: Buffer.from([0x80]) })).not.to.equal(of({ id: Buffer.from([0x81]) }));
  });

  it('reads the property that is set as userProperty of Passport 0.4', () => {
    const _passport = { instance: { _userProperty: 'account' } };
    expect(named({ _passport, account: { id: 'a' }, user: { id: 'b' } })).to.equal('a');
    expect(named({ _passport, user: { id: 'b' } })).to.equal(undefined);
    expect(named({ _passport: { instance: {} }, user: { id: 'b' } })).to.equal('b');
  });

  it('does not read the property of another request, which later versions of Passport keep in the same place', () => {
    const _passport = { instance: { _userProperty: 'admin' } };
    expect(named({ _passport, _sessionManager: {}, user: { id: 'b' } })).to.equal('b');
  });

  it('reads the property that is set as userProperty of Passport', () => {
    expect(named({ _userProperty: 'account', account: { id: 'a' }, user: { id: 'b' } })).to.equal('a');
    expect(named({ _userProperty: 'account', user: { id: 'b' } })).to.equal(undefined);
  });

  it('reads the property that is set as userProperty of @fastify/passport', () => {
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
    ['keeps its id under another name', { email: 'ada@example.com', primaryKey: 1 }],
    ['has an object without a toString of its own as id', { id: { value: 1 } }],
    ['has a list with such an object as id', { id: ['acme', { value: 1 }] }],
    ['has an id without a prototype', { id: Object.create(null) }],
    ['has an id that is true', { id: true }],
    ['has an id that is not a number', { id: Number.NaN }],
    ['has an id that is a function', { id: () => 'ada' }],
    ['has an id that is a symbol', { id: Symbol('ada') }],
    ['has an object as id whose text is empty', { id: { toString: () => '' } }],
    ['has binary data as id that is not valid text', { _id: { toString: () => Buffer.from([65, 0x80]).toString() } }],
    ['has an empty ObjectId', { _id: new ObjectId('') }],
    ['is an array', [1]],
    ['is a function', () => 'ada'],
    ['is a symbol', Symbol('ada')],
  ];
  for (const [name, user] of unnamed) {
    it(`throws user_unidentified with advice to set bindTo if the user ${name}`, () => {
      expect(() => of(user))
        .to.throw(Error, /A user is signed in, but req\.user has no id .* set the option bindTo of CriteoStrategy/)
        .with.include({ code: 'user_unidentified', status: 500 });
    });
  }
});

describe('fingerprint', () => {
  it('returns 43 characters that differ for two users and do not contain their ids', () => {
    expect(fingerprint('ada'))
      .to.match(/^[\w-]{43}$/)
      .and.equal(fingerprint('ada'));
    expect(fingerprint('ada')).not.to.equal(fingerprint('bob'));
  });
});

describe('A session whose user was not looked up', () => {
  const requestOf = (parts: object) => ({ headers: {}, ...parts }) as never;
  beforeEach(() => given.clear());

  it('is hinted at once: passport.session() is missing', async () => {
    const warnings = await warningsOf(() => {
      for (let times = 0; times < 2; times += 1) {
        expect(signedInUser(requestOf({ session: { passport: { user: 'ada' } } }))).to.equal(undefined);
      }
    });
    expect(warnings.map(({ code }) => code)).to.deep.equal(['CRITEO_SESSION_NOT_READ']);
    expect(warnings[0]?.message)
      .to.match(/passport\.session\(\) is not mounted/)
      .and.not.contain('ada');
  });

  it('is not one without a user, or with one that was looked up', async () => {
    const parts = [
      {},
      { session: {} },
      { session: { passport: {} } },
      { session: { passport: { user: 'a' } }, user: 'a' },
    ];
    expect(await warningsOf(() => parts.map((each) => signedInUser(requestOf(each))))).to.deep.equal([]);
  });
});
