import { expect } from 'chai';
import { readSettings, SettingsError } from '../../example/settings';

describe('The example’s settings', () => {
  it('are those of Criteo’s own demo if the environment is empty', () => {
    const { sessionSecret, ...rest } = readSettings({});
    expect(rest).to.deep.equal({ port: 3000, service: 'marketing-solutions', pkce: false });
    expect(sessionSecret).to.have.length.of.at.least(40);
  });

  it('have a new session secret for each start if none is set', () => {
    expect(readSettings({}).sessionSecret).not.to.equal(readSettings({}).sessionSecret);
    expect(readSettings({ SESSION_SECRET: 'mine' }).sessionSecret).to.equal('mine');
  });

  it('come from the environment', () => {
    expect(
      readSettings({
        PORT: '8080',
        CRITEO_CLIENT_ID: ' id ',
        CRITEO_CLIENT_SECRET: 'sec+ret',
        CRITEO_CALLBACK_URL: 'https://app.example.com/back',
        CRITEO_SERVICE: 'retail-media',
        CRITEO_PKCE: 'true',
        CRITEO_SIGNING_KEY: 'key',
        CRITEO_SIGNING_SECRET: 'hush',
        SESSION_SECRET: 'mine',
      }),
    ).to.deep.equal({
      port: 8080,
      app: { clientID: 'id', clientSecret: 'sec+ret' },
      callbackURL: 'https://app.example.com/back',
      service: 'retail-media',
      pkce: true,
      signing: { key: 'key', secret: 'hush' },
      sessionSecret: 'mine',
    });
  });

  it('count an empty variable as unset', () => {
    expect(readSettings({ PORT: '', CRITEO_CLIENT_ID: '  ', CRITEO_CLIENT_SECRET: '' })).to.include({ port: 3000 });
  });

  it('allow an app with PKCE to have no secret', () => {
    expect(readSettings({ CRITEO_CLIENT_ID: 'id', CRITEO_PKCE: 'true' }).app).to.deep.equal({
      clientID: 'id',
      pkce: true,
    });
  });

  const mistakes: [string, Record<string, string>, RegExp][] = [
    ['an id without a secret', { CRITEO_CLIENT_ID: 'id' }, /CRITEO_CLIENT_SECRET is not: set both/],
    ['a secret without an id', { CRITEO_CLIENT_SECRET: 'hush' }, /CRITEO_CLIENT_ID is not: set both/],
    [
      'a signing key without its secret',
      { CRITEO_SIGNING_KEY: 'key' },
      /CRITEO_SIGNING_SECRET is not: they are a pair/,
    ],
    ['a signing secret without its key', { CRITEO_SIGNING_SECRET: 'hush' }, /CRITEO_SIGNING_KEY is not: they are a/],
    [
      'a key pair for the sandbox',
      { CRITEO_SIGNING_KEY: 'key', CRITEO_SIGNING_SECRET: 'hush' },
      /sandbox has its own key pair/,
    ],
    ['a port that is not a number', { PORT: 'http' }, /PORT is "http"/],
    ['a port that is too large', { PORT: '65536' }, /PORT is "65536"/],
    ['an unknown service', { CRITEO_SERVICE: 'commerce' }, /CRITEO_SERVICE is "commerce".*"retail-media"/],
    ['a PKCE switch that is neither on nor off', { CRITEO_PKCE: 'yes' }, /CRITEO_PKCE is "yes"/],
    ['a malformed callback URL', { CRITEO_CALLBACK_URL: '/back' }, /CRITEO_CALLBACK_URL is "\/back"/],
  ];
  for (const [what, env, message] of mistakes) {
    it(`refuse ${what}, and say what to change`, () => {
      expect(() => readSettings(env)).to.throw(SettingsError, message);
    });
  }

  it('never repeat a secret', () => {
    for (const name of ['CRITEO_CLIENT_SECRET', 'CRITEO_SIGNING_SECRET']) {
      expect(() => readSettings({ [name]: 'hush' }))
        .to.throw(SettingsError)
        .and.not.match(/hush/);
    }
  });
});
