import { inspect } from 'node:util';
import Ajv2020 from 'ajv/dist/2020';
import { expect } from 'chai';
import {
  createSandbox,
  exampleUsers,
  readSandboxConfig,
  type SandboxOptions,
  sandboxConfigSchema,
} from '../../lib/sandbox';
import { consentURL, failure, opener } from './support';

describe('sandbox: options', () => {
  describe('are refused if they are', () => {
    const cases: [string, unknown][] = [
      ['port', { port: -1 }],
      ['port', { port: '3000' }],
      ['host', { host: '' }],
      ['seed', { seed: {} }],
      ['now', { now: 1 }],
      ['app', { app: null }],
      ['app.pkce', { app: { pkce: 'yes' } }],
      ['app.service', { app: { service: 'commerce' } }],
      ['app.redirectURIs', { app: { redirectURIs: 'https://app.example/' } }],
      ['app.redirectURIs[0]', { app: { redirectURIs: ['/callback'] } }],
      ['app.callbackURL', { app: { callbackURL: 'http://app.example/' } }],
      ['app.callbackURL', { app: { callbackURL: 'nonsense' } }],
      ['portfolio', { portfolio: 1001 }],
      ['portfolio', { portfolio: 1.5 }],
      ['portfolio', { portfolio: 'all' }],
      ['portfolio', { portfolio: [{ id: 13, name: 'x' }] }],
      ['publicURL', { publicURL: 'http://a.example/path' }],
      ['publicURL', { publicURL: 'http://a.example:99999' }],
      ['apps[1].pkce', { apps: [{}, { pkce: 1 }] }],
      ['apps[0].callbackURL', { apps: [{ callbackURL: 'x' }] }],
      ['app.keys', { app: { keys: [] } }],
      ['app.keys[0].clientSecret', { app: { keys: [{ clientID: 'a', clientSecret: '' }] } }],
      ['users', { users: [] }],
      ['users[0].name', { users: [{}] }],
      ['portfolio', { users: [{ name: 'A' }], portfolio: 1 }],
      ['variants.keyPair', { variants: { keyPair: 'free' } }],
      ['keypair', { variants: { keypair: 'app' } }],
      ['on', { faults: [{}] }],
      ['portfolio', { portfolio: [{ id: '13' }] }],
      ['portfolio', { portfolio: ['13', '13'].map((id) => ({ id, name: null })) }],
      ['rateLimit', { rateLimit: 1 }],
      ['decommissioned[0]', { decommissioned: [1] }],
      ['consentURLMaxAge', { consentURLMaxAge: 0 }],
      ['callbackTimeout', { callbackTimeout: Infinity }],
      ['ports', { ports: 1 }],
      ['PKCE', { app: { PKCE: true } }],
      ['options', null],
    ];
    for (const [option, options] of cases) {
      it(`${inspect(options, { breakLength: Infinity })}, naming the option`, async () => {
        const error = await failure(createSandbox(options as SandboxOptions));
        expect(error).to.be.instanceOf(TypeError);
        expect(error.message).to.contain('createSandbox').and.to.contain(`\`${option}\``);
      });
    }
  });

  it('cannot give two apps one client id or signing key', async () => {
    const keys = [{ clientID: 'a', clientSecret: 'b' }];
    const signing = { key: 'k', secret: 's' };
    expect((await failure(createSandbox({ app: { keys }, apps: [{ keys }] }))).message).to.contain(
      'client id a is taken',
    );
    expect((await failure(createSandbox({ apps: [{ signing }, { signing }] }))).message).to.contain('key k is taken');
    const twice = { app: { keys: [...keys, ...keys] } };
    expect((await failure(createSandbox(twice))).message).to.contain('different client ids');
  });

  describe('from a configuration file', () => {
    const open = opener();
    const config = {
      $schema: './sandbox.schema.json',
      seed: 'ci',
      app: {
        name: 'Reports',
        redirectURIs: ['http://app:3000/callback'],
        keys: [{ clientID: 'id', clientSecret: 's' }],
      },
      apps: [{ name: 'Shelves', service: 'retail-media' }],
      users: exampleUsers,
      variants: { denialError: 'sentence' },
      faults: [{ on: 'token', match: { form: { grant_type: 'refresh_token' } }, status: 503, times: 'always' }],
    };

    it('are checked, and start a sandbox', async () => {
      const sandbox = await open(readSandboxConfig(JSON.parse(JSON.stringify(config))));
      expect(sandbox.app).to.include({ clientID: 'id', clientSecret: 's' });
      expect(sandbox.apps.map(({ name }) => name)).to.deep.equal(['Reports', 'Shelves']);
      expect(sandbox.users.map(({ advertisers }) => advertisers.length)).to.deep.equal([3, 4, 3, 0, 500]);
      const back = await sandbox.deny(consentURL(sandbox, { redirect_uri: 'http://app:3000/callback' }));
      expect(new URL(back).searchParams.get('error')).to.equal('The user did not give consent');
    });

    it('fit the published schema, which is JSON Schema', () => {
      const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(sandboxConfigSchema);
      expect(validate(JSON.parse(JSON.stringify(config))), JSON.stringify(validate.errors)).to.equal(true);
      const wrong = [
        { port: -1 },
        { now: 1 },
        { faults: [{ on: 'moon' }] },
        { variants: { keyPair: 'x' } },
        { users: [] },
      ];
      for (const file of wrong) expect(validate(file), JSON.stringify(file)).to.equal(false);
      expect(JSON.stringify(sandboxConfigSchema)).not.to.contain('x-expected');
    });

    it('are refused with the name of the field', () => {
      const wrong: [unknown, string][] = [
        [[], '`configuration` must be an object'],
        [{ apps: [{ pkce: 'on' }] }, 'field `apps[0].pkce` must be true or false'],
        [{ now: 1 }, 'there is no field `now` in `configuration`; there are $schema, port'],
        [{ port: 1.5 }, 'field `port` must be a whole number from 0 to 65535'],
        [{ app: { redirectURIs: ['/x'] } }, 'field `app.redirectURIs[0]` must be an absolute URL'],
      ];
      for (const [file, message] of wrong) {
        expect(() => readSandboxConfig(file)).to.throw(TypeError, message);
      }
    });
  });
});
