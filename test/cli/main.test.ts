import { expect } from 'chai';
import { checkFlags } from '../../lib/cli/check-command';
import { sandboxFlags } from '../../lib/cli/sandbox/sandbox-options';
import { version } from '../../lib/util/version';
import { command } from './support';

const app = { CRITEO_CLIENT_ID: 'id', CRITEO_CLIENT_SECRET: 'secret' };

describe('The command passport-criteo', () => {
  it('prints its help and its version', async () => {
    const help = await command(['--help']);
    expect([help.exitStatus, help.errors]).to.deep.equal([0, '']);
    expect(help.printed).to.match(/^Usage: passport-criteo <command>/);
    expect((await command(['--version'])).printed).to.equal(`${version}\n`);
  });

  it('prints the help of each command, which names each of its flags', async () => {
    for (const [name, flags] of Object.entries({ check: checkFlags, sandbox: sandboxFlags })) {
      const help = await command([name, '--help']);
      expect([help.exitStatus, help.errors]).to.deep.equal([0, '']);
      expect(help.printed).to.match(new RegExp(`^Usage: passport-criteo ${name} `));
      for (const flag of Object.keys(flags)) expect(help.printed).to.match(new RegExp(`^  --${flag}[ \n]`, 'm'));
    }
  });

  it('prints its help with status 2 without a command, or with one that does not exist', async () => {
    const none = await command([]);
    expect([none.exitStatus, none.printed]).to.deep.equal([2, '']);
    expect(none.errors).to.match(/^Usage/);
    const wrong = await command(['chekc']);
    expect(wrong.exitStatus).to.equal(2);
    expect(wrong.errors).to.match(/^passport-criteo: there is no command "chekc"/);
    expect((await command(['constructor'])).exitStatus).to.equal(2);
  });

  const mistakes: [args: string[], env: Record<string, string>, message: RegExp][] = [
    [['check', '--nope'], app, /Unknown option '--nope'/],
    [['check', 'now'], app, /Unexpected argument 'now'/],
    [['check', '--save'], app, /'--save <value>' argument missing/],
    [['check', '--save', 'x'], app, /--save only goes with --login/],
    [['check', '--print-tokens'], app, /--print-tokens only goes with --login/],
    [['check', '--report', 'x', '--login'], app, /--report only goes with --probe/],
    [['check', '--no-open'], app, /--no-open only goes with --login or --probe/],
    [['check', '--timeout', '5'], app, /--timeout only goes with --login or --probe/],
    [['check', '--login', '--timeout', '0'], app, /--timeout is "0": it must be a whole number from 1/],
    [['check', '--login', '--timeout', 'soon'], app, /--timeout is "soon"/],
    [['check', '--login', '--probe'], app, /--login and --probe are two commands/],
    [['check', '--env-file', 'missing.env'], app, /--env-file missing\.env: there is no such file/],
    [['check', '--env-file', 'test'], app, /--env-file test: it cannot be read \(EISDIR\)/],
    [['check'], {}, /CRITEO_CLIENT_ID is not set/],
    [['check'], { CRITEO_CLIENT_ID: 'id' }, /CRITEO_CLIENT_SECRET is not set.*CRITEO_PKCE=true/],
    [['check'], { ...app, CRITEO_CLIENT_SECRET: 'secret\n' }, /CRITEO_CLIENT_SECRET starts or ends with white space/],
    [['check'], { ...app, CRITEO_PKCE: 'yes' }, /CRITEO_PKCE is "yes": it must be false or true/],
    [['check'], { ...app, CRITEO_SERVICE: 'retail' }, /CRITEO_SERVICE is "retail"/],
    [['check'], { ...app, CRITEO_API_VERSION: '2026' }, /CRITEO_API_VERSION must be a version like 2026-07/],
    [['check', '--api-version', 'v1'], app, /--api-version must be a version like 2026-07/],
    [['check'], { ...app, CRITEO_SIGNING_KEY: 'key' }, /CRITEO_SIGNING_KEY is set, but CRITEO_SIGNING_SECRET is not/],
    [['check'], { ...app, CRITEO_SIGNING_SECRET: 's' }, /CRITEO_SIGNING_SECRET is set, but CRITEO_SIGNING_KEY is not/],
    [
      ['check'],
      { ...app, CRITEO_SECOND_CLIENT_ID: 'other' },
      /CRITEO_SECOND_CLIENT_ID is set, but CRITEO_SECOND_CLIENT_SECRET is not/,
    ],
    [['check'], { ...app, CRITEO_CALLBACK_URL: '/callback' }, /CRITEO_CALLBACK_URL must be a whole URL/],
    [['check', '--callback-url', 'app.example.com'], app, /--callback-url must be a whole URL/],
    [['check', '--callback-url', 'http://app.example.com/cb'], app, /--callback-url must use https/],
    [['check', '--api-url', 'https://me:pw@api.example.com'], app, /--api-url must not carry a user name/],
    [
      ['check', '--authorization-url', 'https://c.example.com/#x'],
      app,
      /--authorization-url must not carry .* a fragment/,
    ],
    [
      ['check', '--login', '--api-url', 'http://localhost:1'],
      app,
      /CRITEO_API_URL is set, but CRITEO_AUTHORIZATION_URL is not/,
    ],
    [
      ['check', '--login', '--authorization-url', 'http://localhost:1'],
      app,
      /CRITEO_AUTHORIZATION_URL is set, but CRITEO_API_URL is not/,
    ],
    [
      ['check', '--login', '--callback-url', 'https://app.example.com/cb'],
      app,
      /The redirect URI is https:\/\/app\.example\.com\/cb, and only http on this machine can be listened on/,
    ],
    [
      ['check', '--login', '--api-version', 'preview'],
      { ...app, CRITEO_SERVICE: 'retail-media' },
      /apiVersion .*preview/,
    ],
    [['sandbox', '--port', '70000'], {}, /--port is "70000": it must be a whole number from 0 to 65535/],
    [['sandbox', '--portfolio', '1001'], {}, /--portfolio is "1001"/],
    [['sandbox', '--service', 'retail'], {}, /--service is "retail"/],
    [['sandbox', '--callback-url', 'ftp://x'], {}, /--callback-url must be an https URL/],
    [['sandbox', '--redirect-uri', 'nowhere'], {}, /--redirect-uri must be an absolute URL/],
    [['sandbox', '--host', ''], {}, /--host must be an address/],
    [['sandbox', '--public-url', 'x'], {}, /--public-url must be an http or https URL/],
    [['sandbox', '--variant', 'keyPair'], {}, /--variant keyPair: write it as NAME=VARIANT/],
    [['sandbox', '--variant', 'nothing=x'], {}, /--variant nothing: there is no such fact; there are denialError/],
    [['sandbox', '--variant', 'keyPair=x'], {}, /--variant keyPair must be/],
    [['sandbox', '--portfolio', '-1'], {}, /--portfolio.* argument is ambiguous/],
    [['sandbox', 'now'], {}, /Unexpected argument 'now'/],
  ];

  for (const [args, env, message] of mistakes) {
    const set = Object.entries(env).map(([name, value]) => (app[name as keyof typeof app] === value ? '' : `${name} `));
    it(`ends with status 2 and says what is wrong: ${set.join('')}${args.join(' ')}`, async () => {
      const run = await command(args, { env });
      expect(run.errors.split('\n')[0]).to.match(message);
      expect(run.errors).to.match(
        new RegExp(`^passport-criteo ${args[0]}: .*\nSee: passport-criteo ${args[0]} --help\n$`),
      );
      expect([run.exitStatus, run.printed]).to.deep.equal([2, '']);
    });
  }

  it('shows no secret in an error about a secret', async () => {
    const env = { CRITEO_CLIENT_ID: 'id', CRITEO_CLIENT_SECRET: ' very-secret' };
    expect((await command(['check'], { env })).errors).to.not.contain('very-secret');
  });
});
