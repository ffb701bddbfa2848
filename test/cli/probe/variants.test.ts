import { expect } from 'chai';
import { createSandbox, type SandboxOptions, sandboxVariants, type VariantName } from 'passport-criteo/sandbox';
import { probeSteps } from '../../../lib/cli/probe/probe-command';
import { command, environment } from '../support';
import { freePort, user } from '../user';
import { runProbe } from './probe-user';

const names = Object.keys(sandboxVariants) as VariantName[];
const second = { clientID: 'second-client-id', clientSecret: 'second-client-secret' };

/** A sandbox in which a fact turns out so, with all that the step about it needs. */
function world(name: VariantName, variant: string): SandboxOptions {
  const own = { clientID: 'first-client-id', clientSecret: 'first-client-secret' };
  return {
    app: {
      keys: [own, second],
      pkce: name === 'pkceSecret',
      service: name === 'largePages' ? 'retail-media' : 'marketing-solutions',
    },
    users: [
      { id: 'ada', name: 'Ada', advertisers: 2, accounts: 2 },
      { id: 'ben', name: 'Ben', advertisers: 2, accounts: 2 },
    ],
    rateLimit: true,
    variants: { [name]: variant },
  };
}

function variables(name: VariantName): Record<string, string> {
  return {
    CRITEO_PKCE: String(name === 'pkceSecret'),
    CRITEO_SERVICE: name === 'largePages' ? 'retail-media' : 'marketing-solutions',
    CRITEO_SECOND_CLIENT_ID: second.clientID,
    CRITEO_SECOND_CLIENT_SECRET: second.clientSecret,
  };
}

describe('Every fact that Criteo does not document', () => {
  // Both are in a body that Criteo sends to a public address.
  const beyond: VariantName[] = ['callbackStateName', 'callbackIds'];

  it('is a row that a step of the probe can settle, except for those of the consent callback', () => {
    const rows = new Set(probeSteps.flatMap((step) => step.rows));
    expect([...rows, ...beyond]).to.have.members(names);
  });

  for (const name of names) {
    for (const variant of Object.keys(sandboxVariants[name].variants)) {
      if (!beyond.includes(name)) {
        it(`is settled by the probe: ${name} is ${variant}`, async () => {
          const sandbox = await createSandbox(world(name, variant));
          const callbackURL = `http://127.0.0.1:${await freePort()}/criteo-auth/callback`;
          const about = probeSteps.filter(({ rows }) => rows.includes(name)).map(({ id }) => id);
          const options = { steps: ['consent', ...about], env: variables(name), colleague: 'ben' };
          const { report } = await runProbe(sandbox, callbackURL, options).finally(() => sandbox.close());
          const found = (report?.steps ?? []).flatMap(({ settled }) => settled.filter(({ row }) => row === name));
          // Steps that settle the same fact agree.
          expect([...new Set(found.map((each) => each.variant))]).to.deep.equal([variant]);
        });
      }

      it(`does not stop check and --login: ${name} is ${variant}`, async () => {
        const sandbox = await createSandbox(world(name, variant));
        const callbackURL = `http://127.0.0.1:${await freePort()}/criteo-auth/callback`;
        const env = { ...environment(sandbox, callbackURL), ...variables(name) };
        // An app with PKCE whose secret Criteo refuses has to leave it out.
        if (variant === 'refused' && name === 'pkceSecret') env['CRITEO_CLIENT_SECRET'] = '';
        const { document, exitStatus } = await command(['check', '--login', '--json'], {
          env,
          visit: user(() => sandbox),
          onSleep: (milliseconds) => sandbox.advance(milliseconds),
        }).finally(() => sandbox.close());
        expect(document.results.filter(({ result }) => result === 'wrong')).to.deep.equal([]);
        const login = document.results.filter(({ id }) => ['login', 'portfolio', 'refresh'].includes(id));
        expect(login.map(({ result }) => result)).to.deep.equal(['ok', 'ok', 'ok']);
        expect(exitStatus).to.equal(0);
      });
    }
  }
});
