import { expect } from 'chai';
import fc from 'fast-check';
import { checkOptionNames, type OptionOwner, optionNames } from '../../lib/util/option-names';

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
    it(`refuses ${name} at ${owner} and asks for ${meant}`, () => {
      const message = `${owner}: there is no option "${name}". Did you mean ${meant}?`;
      expect(() => checkOptionNames(owner, { [name]: 'value' })).to.throw(TypeError, message);
    });
  }

  it('takes the options of every part of the package at every other part', () => {
    const all = Object.fromEntries(Object.values(optionNames).flatMap((names) => names.map((name) => [name, 1])));
    for (const owner of owners) expect(() => checkOptionNames(owner, all)).not.to.throw();
  });

  it('takes what the sandbox gives beside options', () => {
    for (const owner of owners) {
      expect(() => checkOptionNames(owner, { signingKey: 'key', signingSecret: 'secret' })).not.to.throw();
    }
  });

  it('takes the own options of a subclass', () => {
    const own = {
      tenant: 'a',
      tenantID: 'b',
      logger: console,
      region: 'eu',
      retries: 3,
      users: {},
      cache: {},
      debug: true,
    };
    for (const owner of owners) expect(() => checkOptionNames(owner, own)).not.to.throw();
  });

  it('never shows a value', () => {
    expect(() => checkOptionNames('CriteoStrategy', { client_secret: 'do-not-show' }))
      .to.throw(TypeError)
      .with.property('message')
      .that.does.not.include('do-not-show');
  });

  it('finds any single slip in a long name', () => {
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

  it('answers at once for names of any length', () => {
    expect(() => checkOptionNames('CriteoStrategy', { ['x'.repeat(1_000_000)]: 1 })).not.to.throw();
  });
});
