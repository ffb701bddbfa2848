import { expect } from 'chai';
import { createSandbox, type Sandbox, type SandboxOptions } from 'passport-criteo/sandbox';
import type { ProbeReport } from '../../../lib/cli/report';
import { environment, RunningCommand } from '../support';
import { freePort } from '../user';
import { runProbe } from './probe-user';

describe('passport-criteo check --probe, with a user who', () => {
  let sandbox: Sandbox;
  afterEach(() => sandbox.close());

  /** Runs the probe with a user who answers questions so, and opens no page. */
  async function run(answer: (text: string) => string[], options: SandboxOptions = {}, args: string[] = [], env = {}) {
    sandbox = await createSandbox(options);
    const { signingKey, signingSecret } = sandbox.app;
    const running = new RunningCommand(['check', '--probe', '--json', ...args], {
      env: {
        ...environment(sandbox, `http://127.0.0.1:${await freePort()}/criteo-auth/callback`),
        CRITEO_SIGNING_KEY: signingKey,
        CRITEO_SIGNING_SECRET: signingSecret,
        ...env,
      },
      onText: (text, command) => {
        for (const line of answer(text)) command.type(line);
      },
    });
    const exitStatus = await running.end();
    const { steps } = JSON.parse(running.printed) as ProbeReport;
    const seen = Object.fromEntries(steps.map((step) => [step.id, step.seen]));
    const settled = Object.fromEntries(
      steps.flatMap(({ settled }) => settled.map(({ row, variant }) => [row, variant])),
    );
    return { exitStatus, seen, settled, errors: running.errors };
  }

  it('sees an error page each time: little is settled, and nothing fails', async () => {
    const { exitStatus, seen, settled } = await run((text) => {
      if (text.includes('[y/N]')) return ['yes'];
      if (text.includes('[c/e/s]')) return ['e'];
      return text.startsWith('If Criteo shows an error page') ? ['what?', 'E'] : [];
    });
    for (const step of ['denial', 'consent', 'link-denial', 'code-reuse']) {
      expect(seen[step]?.join(), step).to.match(/error-page/);
    }
    expect(seen['signed-url-lifetime']).to.deep.equal(['a fresh URL: error page']);
    expect(Object.keys(settled).sort()).to.deep.equal(['clientError', 'contentType', 'pkceWithoutSwitch']);
    expect(exitStatus).to.equal(0);
  });

  it('looks at no page: nothing is concluded from that', async () => {
    let step = '';
    const { seen, settled, errors } = await run((text) => {
      step = /^\n([\w-]+): /.exec(text)?.[1] ?? step;
      if (text.includes('[y/N]')) return [step === '' || step.startsWith('signed-url') ? 'y' : 'n'];
      return text.includes('[c/e/s]') ? ['perhaps', 's'] : [];
    });
    expect(seen['signed-url-check']).to.deep.equal([
      'signed over the raw query: not looked at',
      'signed over the decoded query: not looked at',
    ]);
    expect(seen['signed-url-lifetime']).to.deep.equal(['a fresh URL: not looked at']);
    expect(errors).to.contain('Type one of c, e, s and Enter.');
    expect(settled).to.deep.equal({});
  });

  it('looks at some pages only: what the others would have shown stays open', async () => {
    let step = '';
    let pages = 0;
    const { seen, settled } = await run((text) => {
      step = /^\n([\w-]+): /.exec(text)?.[1] ?? step;
      if (text.includes('[y/N]')) return [step === '' || step === 'signed-url-lifetime' ? 'y' : 'n'];
      pages += Number(text.includes('[c/e/s]'));
      return text.includes('[c/e/s]') ? [pages === 1 ? 'c' : 's'] : [];
    });
    expect(seen['signed-url-lifetime']).to.deep.equal([
      'a fresh URL: consent page',
      'a URL of 31 days ago: not looked at',
    ]);
    expect(settled).to.deep.equal({});
  });

  it('never comes back: the step ends when the time is over', async () => {
    let step = '';
    const { seen, exitStatus } = await run(
      (text) => {
        step = /^\n([\w-]+): /.exec(text)?.[1] ?? step;
        return text.includes('[y/N]') ? [step === '' || step === 'link-denial' ? 'y' : 'n'] : [];
      },
      {},
      ['--timeout', '1'],
    );
    expect(seen['link-denial']).to.deep.equal(['nothing came back: no-callback']);
    expect(exitStatus).to.equal(0);
  });

  it('denies every consent but the first: what needs another one stays open, and nothing fails', async () => {
    sandbox = await createSandbox({ portfolio: 2 });
    let consents = 0;
    const follow = (callback: URL): void => {
      if (!callback.searchParams.has('code') || ++consents === 1) return;
      callback.searchParams.delete('code');
      callback.searchParams.set('error', 'access_denied');
    };
    const callbackURL = `http://127.0.0.1:${await freePort()}/criteo-auth/callback`;
    const { state, settled, exitStatus } = await runProbe(sandbox, callbackURL, { follow });
    const denied = ['the callback carried the error access_denied'];
    expect(state('consent-again')?.seen).to.deep.equal(denied);
    expect(state('consent-by-colleague')?.seen).to.deep.equal(denied);
    expect(state('code-reuse')?.seen).to.deep.equal(['the login did not succeed, so there was no code to reuse']);
    for (const row of ['consentAgain', 'consentAgainByColleague', 'codeReuse'])
      expect(settled).to.not.have.property(row);
    expect(settled['refreshAfterRevocation']).to.equal('refused');
    expect(exitStatus).to.equal(0);
  });
});
