import { expect } from 'chai';
import fc from 'fast-check';
import {
  type ConsentCallbackOptions,
  type ConsentURLOptions,
  CookieStateStore,
  type CookieStateStoreOptions,
  CriteoClient,
  type CriteoClientOptions,
  CriteoStrategy,
  type CriteoStrategyOptions,
  consentCallback,
  createConsentURL,
  type ReadConsentCallbackOptions,
  readConsentCallback,
  SessionStateStore,
  type SessionStateStoreOptions,
  TokenSource,
  type TokenSourceOptions,
} from '../../lib/index';
import { checkOptionNames, type OptionOwner, optionNames } from '../../lib/util/option-names';

type Names<T> = T extends unknown ? keyof T : never;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
type Listed<Owner extends OptionOwner> = (typeof optionNames)[Owner][number];

const owners = Object.keys(optionNames) as OptionOwner[];

describe('checkOptionNames', () => {
  const misspelt: [owner: OptionOwner, name: string, meant: string][] = [
    ['CriteoStrategy', 'clientId', 'clientID'],
    ['CriteoStrategy', 'client_id', 'clientID'],
    ['CriteoStrategy', 'clientid', 'clientID'],
    ['CriteoStrategy', 'client-secret', 'clientSecret'],
    ['CriteoStrategy', 'clientSercet', 'clientSecret'],
    ['CriteoStrategy', 'callbackUrl', 'callbackURL'],
    ['CriteoStrategy', 'callbackURI', 'callbackURL'],
    ['CriteoStrategy', 'redirect_uri', 'callbackURL'],
    ['CriteoStrategy', 'requireUserprofile', 'requireUserProfile'],
    ['CriteoStrategy', 'requireProfile', 'requireUserProfile'],
    ['CriteoStrategy', 'requiredUserProfile', 'requireUserProfile'],
    ['CriteoStrategy', 'passReqToCallBack', 'passReqToCallback'],
    ['CriteoStrategy', 'PKCE', 'pkce'],
    ['CriteoStrategy', 'usePKCE', 'pkce'],
    ['CriteoStrategy', 'bindto', 'bindTo'],
    ['CriteoStrategy', 'timeOut', 'timeout'],
    ['CriteoStrategy', 'agnet', 'agent'],
    ['CriteoStrategy', 'autorizatonURL', 'authorizationURL'],
    ['CriteoStrategy', 'httpsAgent', 'agent'],
    ['CriteoClient', 'tokenUrl', 'tokenURL'],
    ['CriteoClient', 'baseURL', 'apiURL'],
    ['TokenSource', 'onReauthorisationRequired', 'onReauthorizationRequired'],
    ['TokenSource', 'clients', 'client'],
    ['SessionStateStore', 'maxage', 'maxAge'],
    ['CookieStateStore', 'secrets', 'secret'],
    ['CookieStateStore', 'ttl', 'maxAge'],
    ['createConsentURL', 'redirectUri', 'redirectURI'],
    ['consentCallback', 'onconsent', 'onConsent'],
    ['consentCallback', 'timout', 'timeout'],
  ];
  for (const [owner, name, meant] of misspelt) {
    it(`refuses ${name} for ${owner}, and suggests ${meant}`, () => {
      const message = `${owner}: there is no option "${name}". Did you mean ${meant}?`;
      expect(() => checkOptionNames(owner, { [name]: 'value' })).to.throw(TypeError, message);
    });
  }

  it('accepts the options of every part of the package for every other part', () => {
    const all = Object.fromEntries(Object.values(optionNames).flatMap((names) => names.map((name) => [name, 1])));
    for (const owner of owners) expect(() => checkOptionNames(owner, all)).not.to.throw();
  });

  it('accepts the keys that the sandbox returns beside options', () => {
    for (const owner of owners) {
      expect(() => checkOptionNames(owner, { signingKey: 'key', signingSecret: 'secret' })).not.to.throw();
    }
  });

  it('accepts options that a subclass adds', () => {
    const own = {
      tenant: 'a',
      tenantID: 'b',
      logger: console,
      region: 'eu',
      retries: 3,
      users: {},
      cache: {},
      debug: true,
      // One or two letters from an option that is too short for so many: lock, key, service, store.
      clock: Date,
      keys: {},
      device: 'tv',
      stroke: 1,
    };
    for (const owner of owners) expect(() => checkOptionNames(owner, own)).not.to.throw();
  });

  it('is called by everything that takes options', async () => {
    const made: Record<OptionOwner, (options: never) => unknown> = {
      CriteoStrategy: (options) => new CriteoStrategy(options),
      CriteoClient: (options) => new CriteoClient(options),
      TokenSource: (options) => new TokenSource(options),
      SessionStateStore: (options) => new SessionStateStore(options),
      CookieStateStore: (options) => new CookieStateStore(options),
      createConsentURL: (options) => createConsentURL(options),
      consentCallback: (options) => consentCallback(options),
      readConsentCallback: (options) => readConsentCallback(new Request('https://app.example.com'), options),
    };
    for (const [owner, make] of Object.entries(made)) {
      const [name = ''] = optionNames[owner as OptionOwner].filter((each) => each.length > 4).slice(-1);
      const options = { [`${name}s`]: 'value' } as never;
      const found = await (async () => make(options))().catch((error: Error) => error);
      expect(Object(found).message).to.equal(`${owner}: there is no option "${name}s". Did you mean ${name}?`);
    }
  });

  it('never shows a value', () => {
    expect(() => checkOptionNames('CriteoStrategy', { client_secret: 'do-not-show' }))
      .to.throw(TypeError)
      .with.property('message')
      .that.does.not.include('do-not-show');
  });

  it('finds any single mistake in a long name', () => {
    const long = fc.constantFrom(...optionNames.CriteoStrategy.filter((name) => name.length > 7));
    fc.assert(
      fc.property(long, fc.nat(), fc.constantFrom('drop', 'double', 'swap'), (name, seed, slip) => {
        const at = 1 + (seed % (name.length - 2));
        const changed = {
          drop: name.slice(0, at) + name.slice(at + 1),
          double: name.slice(0, at) + name[at] + name.slice(at),
          swap: name.slice(0, at) + name[at + 1] + name[at] + name.slice(at + 2),
        }[slip];
        fc.pre(changed !== name);
        expect(() => checkOptionNames('CriteoStrategy', { [changed]: 1 })).to.throw(TypeError, /Did you mean/);
      }),
    );
  });

  it('is fast for names of any length', () => {
    expect(() => checkOptionNames('CriteoStrategy', { ['x'.repeat(1_000_000)]: 1 })).not.to.throw();
  });

  it('knows exactly the options of the public types, or this file does not compile', () => {
    const listed: true[] = [
      true satisfies Same<Listed<'CriteoStrategy'>, Names<CriteoStrategyOptions> | 'verify'>,
      true satisfies Same<Listed<'CriteoClient'>, Names<CriteoClientOptions>>,
      true satisfies Same<Listed<'TokenSource'>, Names<TokenSourceOptions>>,
      true satisfies Same<Listed<'SessionStateStore'>, Names<SessionStateStoreOptions>>,
      true satisfies Same<Listed<'CookieStateStore'>, Names<CookieStateStoreOptions>>,
      true satisfies Same<Listed<'createConsentURL'>, Names<ConsentURLOptions>>,
      true satisfies Same<Listed<'consentCallback'>, Names<ConsentCallbackOptions>>,
      true satisfies Same<Listed<'readConsentCallback'>, Names<ReadConsentCallbackOptions>>,
    ];
    expect(listed).to.have.lengthOf(owners.length);
  });
});
