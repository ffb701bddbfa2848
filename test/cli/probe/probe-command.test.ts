import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  createSandbox,
  type ExchangeFault,
  type Sandbox,
  type SandboxOptions,
  type SandboxRequest,
} from 'passport-criteo/sandbox';
import { probeSteps } from '../../../lib/cli/probe/probe-command';
import type { ProbeReport } from '../../../lib/cli/report';
import { environment, RunningCommand } from '../support';
import { freePort } from '../user';
import { type ProbeUser, runProbe } from './probe-user';

describe('passport-criteo check --probe', () => {
  let sandbox: Sandbox;
  let callbackURL: string;
  const folder = mkdtempSync(join(tmpdir(), 'passport-criteo-'));

  const start = async (options: SandboxOptions = {}): Promise<void> => {
    sandbox = await createSandbox({ ...(!options.users && { portfolio: 2 }), ...options });
    callbackURL = `http://127.0.0.1:${await freePort()}/criteo-auth/callback`;
  };
  afterEach(() => sandbox.close());
  after(() => rmSync(folder, { recursive: true }));

  const probe = (options: ProbeUser = {}) => runProbe(sandbox, callbackURL, options);

  const fault = (changes: Omit<ExchangeFault, 'on'> & { on?: ExchangeFault['on'] }): void => {
    sandbox.fault({ on: 'token', times: Infinity, ...changes });
  };
  const isRefresh: ExchangeFault['when'] = ({ form }) => form['grant_type'] === 'refresh_token';

  it('settles what it can, and reports it in the words of the table', async () => {
    await start({ rateLimit: true });
    const { exitStatus, settled, report, errors } = await probe();
    expect(settled).to.deep.equal({
      clientError: 'invalid_client',
      contentType: 'application/json',
      denialError: 'access_denied',
      denialDescription: 'none',
      stateOnError: 'returned',
      portfolioAfterConsent: 'complete',
      refreshToken: 'same',
      signedURLLifetime: 'limited',
      denialOfLink: 'keeps-link',
      redirectAfterLink: 'none',
      signedURLCheck: 'raw',
      tooManyRequestsBody: 'error-list',
      loginRateLimit: 'per-account',
      consentAgain: 'works',
      consentAgainByColleague: 'works',
      pkceWithoutSwitch: 'refused',
      codeReuse: 'refused',
      refreshAfterRevocation: 'refused',
    });
    expect(exitStatus).to.equal(0);
    const skipped = report?.steps.filter(({ state }) => state === 'skipped').map(({ id }) => id);
    expect(skipped).to.deep.equal(['large-pages', 'key-pair', 'pkce-secret']);
    expect(errors).to.match(/Settled: denialError is access_denied\./);
  });

  it('announces each step with its question and its risk, and does nothing without a yes', async () => {
    await start();
    const { errors, report, exitStatus } = await probe({ steps: [] });
    for (const { id, question, risk } of probeSteps.filter(({ obstacle }) => !obstacle)) {
      expect(errors).to.contain(`\n${id}: ${question}\nRisk: ${risk}\nDo it? [y/N]\n`);
    }
    expect(report?.steps.every(({ state }) => ['declined', 'skipped'].includes(state))).to.equal(true);
    expect(sandbox.requests.some(({ path }) => path === '/request')).to.equal(false);
    expect(exitStatus).to.equal(0);
  });

  it('reads the end of the input as a no', async () => {
    await start();
    const env = environment(sandbox, callbackURL);
    const running = new RunningCommand(['check', '--probe'], { env, typed: [] });
    expect(await running.end()).to.equal(1);
    expect(running.printed).to.match(/\[y\/N\]\nThen nothing is done\.\n$/);
    expect(sandbox.requests).to.deep.equal([]);
  });

  it('does not start if the credentials are wrong', async () => {
    await start();
    const { exitStatus, errors, report } = await probe({ env: { CRITEO_CLIENT_SECRET: 'wrong' } });
    expect([exitStatus, report]).to.deep.equal([1, undefined]);
    expect(errors).to.match(/First fix "Client id and secret"\.\n$/);
  });

  it('writes a report in Markdown and JSON, with the rows that are settled and those that are not', async () => {
    await start();
    const name = join(folder, 'report');
    const { errors } = await probe({ steps: ['wrong-secret', 'denial'], args: ['--report', name] });
    expect(errors).to.contain(`The report is in ${name}.md and ${name}.json.`);
    const markdown = readFileSync(`${name}.md`, 'utf8');
    expect(markdown).to.match(/^# What Criteo does where it documents nothing\n\n\d{4}-\d\d-\d\d, passport-criteo /);
    expect(markdown).to.match(
      /\| unknown fact \| variant \| step \|\n\|---\|---\|---\|\n\| `clientError` \| `invalid_client` \|/,
    );
    expect(markdown).to.match(/\nNot settled: .*`codeReuse`/);
    expect(markdown).to.contain(
      '## denial: done\n\nWhat does the redirect carry when the user denies?\n\n- error was access_denied',
    );
    const json = JSON.parse(readFileSync(`${name}.json`, 'utf8')) as ProbeReport;
    expect(json).to.include({ server: 'another server', service: 'marketing-solutions', pkce: false });
    expect(json.steps.map(({ id }) => id)).to.deep.equal(probeSteps.map(({ id }) => id));
    const again = await probe({ args: ['--report', name] });
    expect(again.exitStatus).to.equal(2);
    expect(again.errors).to.contain(`--report ${name}.md: something with this name is there already`);
    expect(readdirSync(folder).sort()).to.deep.equal(['report.json', 'report.md']);
    for (const end of ['md', 'json']) rmSync(`${name}.${end}`);
  });

  it('leaves no part of a report if it cannot write both files', async () => {
    await start();
    writeFileSync(join(folder, 'half.json'), '');
    expect((await probe({ args: ['--report', join(folder, 'half')] })).exitStatus).to.equal(2);
    expect(readdirSync(folder)).to.deep.equal(['half.json']);
    rmSync(join(folder, 'half.json'));
  });

  describe('reports no secret and no name, of people, apps, advertisers or machines:', () => {
    const holdings = ['8675309', '18446744073709551616'].map((id) => ({ id, name: `Recognisable & Sons ${id}` }));
    const users = ['Jane Recognisable', 'John Recognisable'].map((name, index) => ({
      id: `recognisable-${index}`,
      name,
      advertisers: holdings,
      accounts: holdings,
    }));
    // Sentences in which names may stand.
    const variants = { denialError: 'sentence', denialDescription: 'text', refreshToken: 'rotated' } as const;

    for (const [service, pkce] of [
      ['marketing-solutions', false],
      ['retail-media', false],
      ['marketing-solutions', true],
    ] as const) {
      it(`${service}, PKCE ${pkce ? 'on' : 'off'}`, async () => {
        const keys = [1, 2].map((number) => ({
          clientID: `client-id-${number}`,
          clientSecret: `client+secret-${number}`,
        }));
        await start({ rateLimit: true, app: { name: 'Recognisable app', service, pkce, keys }, users, variants });
        const name = join(folder, `secrets-${service}-${pkce}`);
        const env = {
          CRITEO_SERVICE: service,
          CRITEO_PKCE: String(pkce),
          CRITEO_SECOND_CLIENT_ID: 'client-id-2',
          CRITEO_SECOND_CLIENT_SECRET: 'client+secret-2',
        };
        const { printed, report } = await probe({ args: ['--report', name], env, colleague: 'recognisable-1' });
        expect(report?.steps.filter(({ state }) => state === 'done').length).to.be.above(10);
        const text = printed + readFileSync(`${name}.md`, 'utf8') + readFileSync(`${name}.json`, 'utf8');
        const fields = [
          'code',
          'state',
          'client_id',
          'client_secret',
          'refresh_token',
          'code_verifier',
          'signature',
          'key',
        ];
        const sent = sandbox.requests.flatMap(({ form, query, headers }) => [
          ...fields.flatMap((field) => [form[field] ?? '', query[field] ?? '']),
          String(headers['authorization'] ?? '').replace('Bearer ', ''),
        ]);
        const names = ['Recognisable', 'recognisable', 'Jane', 'John', 'said "no"', ...holdings.map(({ id }) => id)];
        const places = [sandbox.url, callbackURL, folder, hostname()];
        const forbidden = [...new Set([...sent, ...Object.values(sandbox.app), ...names, ...places])];
        expect(forbidden.length).to.be.above(20);
        expect(forbidden.filter((each) => each !== '' && text.includes(each))).to.deep.equal([]);
      });
    }
  });

  describe('distinguishes', () => {
    for (const [word, variant] of [
      ['consent_denied', 'consent_denied'],
      ['user_said_no', 'other'],
      ['The user Jane Doe said no', 'sentence'],
    ] as const) {
      it(`the error of a denial: ${word}`, async () => {
        await start();
        const follow = (url: URL) => url.searchParams.set('error', word);
        const { settled, printed } = await probe({ steps: ['denial'], follow });
        expect(settled['denialError']).to.equal(variant);
        expect(printed).to.not.contain('Jane');
      });
    }

    for (const [variant, change] of [
      ['left-out', (url: URL) => url.searchParams.delete('state')],
      ['empty', (url: URL) => url.searchParams.set('state', '')],
      ['altered', (url: URL) => url.searchParams.append('state', 'other')],
    ] as const) {
      it(`the state of a denial: ${variant}`, async () => {
        await start();
        expect((await probe({ steps: ['denial'], follow: change })).settled['stateOnError']).to.equal(variant);
      });
    }

    it('a denial with a description', async () => {
      await start();
      const follow = (url: URL) => url.searchParams.set('error_description', 'Jane said no');
      const { settled, printed } = await probe({ steps: ['denial'], follow });
      expect(settled['denialDescription']).to.equal('text');
      expect(printed).to.not.contain('Jane');
    });

    it('an approval, or a callback without an error, from a denial', async () => {
      await start();
      const approved = await probe({ steps: ['denial'], stubborn: true });
      expect(approved.settled).to.deep.equal({});
      expect(approved.state('denial')?.seen).to.deep.equal(['it was approved instead of denied']);
      const wordless = await probe({ steps: ['denial'], follow: (url) => url.searchParams.delete('error') });
      expect(wordless.state('denial')?.seen).to.deep.equal(['the callback carried no error']);
    });

    it('a portfolio that is empty for a minute', async () => {
      await start();
      let asked = 0;
      // The first request of the portfolio is of the check before the steps, the second one of the login.
      const when: ExchangeFault['when'] = ({ path }) => path.endsWith('/advertisers/me') && ++asked > 1 && asked < 6;
      fault({ on: 'api', status: 200, body: { data: [] }, when });
      const { settled, state, slept } = await probe({ steps: ['consent'] });
      expect(settled['portfolioAfterConsent']).to.equal('empty-for-a-minute');
      expect(state('consent')?.seen).to.deep.equal(['the portfolio was empty at first, and there after 30 seconds']);
      expect(slept).to.deep.equal(Array(12).fill(10_000));
    });

    it('a portfolio that stays empty, or that is refused', async () => {
      await start({ portfolio: 0 });
      const empty = await probe({ steps: ['consent'] });
      expect(empty.settled).to.deep.equal({});
      expect(empty.state('consent')?.seen[0]).to.equal('the portfolio stayed empty for two minutes');
      fault({ on: 'api', status: 500 });
      const failing = await probe({ steps: ['consent'] });
      expect(failing.state('consent')?.seen).to.contain('13 of 13 requests gave no portfolio');
    });

    it('refresh tokens that are rotated', async () => {
      await start();
      fault({ rotateRefreshToken: true, when: isRefresh });
      const { settled, state } = await probe({ steps: ['consent', 'refresh-twice', 'consent-again'] });
      expect(settled['refreshToken']).to.equal('rotated');
      expect(state('refresh-twice')?.seen).to.deep.equal([
        'a new refresh token came back',
        'the old one was then refused with 400 invalid_grant',
        'after that, the new one was accepted',
      ]);
      // The newest one is used from then on.
      expect(state('consent-again')?.seen).to.contain('the refresh token of the first consent was then accepted');
    });

    it('refresh tokens that are left out', async () => {
      await start();
      fault({ omitRefreshToken: true, when: isRefresh });
      expect((await probe({ steps: ['consent', 'refresh-twice'] })).settled['refreshToken']).to.equal('absent');
    });

    it('refresh tokens that are null, and another content type', async () => {
      await start();
      const body = { access_token: 'another-access-token', token_type: 'Bearer', expires_in: 900, refresh_token: null };
      fault({ status: 200, body, headers: { 'content-type': 'text/plain' }, when: isRefresh });
      const { settled } = await probe({ steps: ['consent', 'refresh-twice'] });
      expect(settled).to.include({ refreshToken: 'null', contentType: 'text/plain' });
    });

    it('refresh tokens that belong to the key pair or to the app', async () => {
      await start();
      const env = { CRITEO_SECOND_CLIENT_ID: 'second-id', CRITEO_SECOND_CLIENT_SECRET: 'second-secret' };
      const steps = ['consent', 'key-pair'];
      const when: ExchangeFault['when'] = ({ form }) => form['client_id'] === 'second-id';
      const unknown = await probe({ steps, env });
      expect(unknown.settled).to.not.have.property('keyPair');
      const bound = sandbox.fault({ on: 'token', status: 400, times: Infinity, when });
      expect((await probe({ steps, env })).settled['keyPair']).to.equal('bound');
      bound.clear();
      fault({ status: 200, body: { access_token: 'other', token_type: 'Bearer', expires_in: 900 }, when });
      expect((await probe({ steps, env })).settled['keyPair']).to.equal('app');
    });

    it('an error page at the second consent, after which no step needs another one', async () => {
      await start();
      let consents = 0;
      fault({ on: 'consent', status: 400, when: ({ method }) => method === 'GET' && ++consents > 2 });
      const { settled, state } = await probe();
      expect(settled['consentAgain']).to.equal('error-page');
      for (const id of ['code-reuse', 'pkce-without-switch']) expect(state(id)?.state, id).to.equal('skipped');
      expect(settled['refreshAfterRevocation']).to.equal('refused');
    });

    it('a second consent that shares only what is new', async () => {
      await start();
      let logins = 0;
      fault({
        on: 'api',
        status: 200,
        body: { data: [{ id: '13', attributes: {} }] },
        when: ({ path }) => path.endsWith('/advertisers/me') && ++logins > 15,
      });
      const { settled, state } = await probe({ steps: ['consent', 'consent-again'] });
      expect(settled['consentAgain']).to.equal('only-new');
      expect(state('consent-again')?.seen).to.contain('the first consent shared 2, the second one 1');
    });

    it('a code whose reuse revokes the tokens', async () => {
      await start();
      let exchanges = 0;
      const reused: ExchangeFault['when'] = ({ form }) =>
        form['grant_type'] === 'authorization_code' && ++exchanges === 3;
      fault({ status: 400, when: reused });
      // What follows the second exchange is the request of the portfolio.
      fault({ on: 'api', status: 401, when: ({ path }) => path.endsWith('/advertisers/me') && exchanges === 3 });
      const { settled } = await probe({ steps: ['code-reuse'] });
      expect(settled['codeReuse']).to.equal('revokes-tokens');
    });

    it('a code that works twice', async () => {
      await start();
      let exchanges = 0;
      const body = { access_token: 'again', token_type: 'Bearer', expires_in: 900 };
      fault({
        status: 200,
        body,
        when: ({ form }) => form['grant_type'] === 'authorization_code' && ++exchanges === 3,
      });
      expect((await probe({ steps: ['code-reuse'] })).settled['codeReuse']).to.equal('other');
    });

    it('a refresh that still works after the revocation', async () => {
      await start();
      fault({ status: 200, body: { access_token: 'a', token_type: 'Bearer', expires_in: 900 }, when: isRefresh });
      const { settled, state } = await probe({ steps: ['consent', 'revocation'] });
      expect(settled['refreshAfterRevocation']).to.equal('works');
      expect(state('revocation')?.seen).to.contain('the API then responded with 403');
    });

    it('an app with PKCE that may, or may not, leave its secret out', async () => {
      await start({ app: { pkce: true } });
      const env = { CRITEO_PKCE: 'true' };
      const steps = ['consent', 'pkce-secret', 'code-reuse'];
      const optional = await probe({ steps, env });
      expect(optional.settled).to.include({ pkceSecret: 'optional', codeReuse: 'refused' });
      const isExchange = ({ form }: SandboxRequest) => form['code']?.startsWith('made') === false;
      const required = sandbox.fault({
        on: 'token',
        status: 401,
        times: Infinity,
        when: (request) => isExchange(request) && request.form['client_secret'] === undefined,
      });
      expect((await probe({ steps, env })).settled['pkceSecret']).to.equal('required');
      required.clear();
      fault({ status: 401, when: (request) => isExchange(request) && request.form['client_secret'] !== undefined });
      const refused = await probe({ steps, env });
      expect(refused.settled['pkceSecret']).to.equal('refused');
      expect(refused.state('consent')?.seen).to.deep.equal(['the login ended with the error invalid_client']);
      const untried = await probe({ steps: ['pkce-secret'], env });
      expect(untried.settled).to.not.have.property('pkceSecret');
    });

    for (const [body, headers, variant] of [
      ['', {}, 'empty'],
      [{ message: 'slow down' }, {}, 'message'],
      ['<html>', { 'content-type': 'text/html' }, 'html'],
      [{ errors: [{ code: 'x' }] }, {}, 'error-list'],
      ['slow down', {}, 'other'],
    ] as const) {
      it(`a 429 response: ${variant}`, async () => {
        await start();
        let asked = 0;
        const when: ExchangeFault['when'] = ({ path }) => path.endsWith('/advertisers/me') && ++asked > 20;
        fault({ on: 'api', status: 429, body, headers, when });
        const { settled, slept } = await probe({ steps: ['consent', 'rate-limit'] });
        expect(settled['tooManyRequestsBody']).to.equal(variant);
        expect(slept.at(-1)).to.equal(61_000);
      });
    }

    it('no rate limits for one account, because both readings give the same number', async () => {
      await start({ portfolio: 1, rateLimit: true });
      const { settled, state } = await probe({ steps: ['consent', 'rate-limit'] });
      expect(settled).to.not.have.property('loginRateLimit');
      expect(state('rate-limit')?.seen[0]).to.equal('the portfolio has 1 account');
    });

    it('page sizes of Retail Media', async () => {
      await start({ app: { service: 'retail-media' } });
      const env = { CRITEO_SERVICE: 'retail-media' };
      const steps = ['consent', 'large-pages'];
      expect((await probe({ steps, env })).settled['largePages']).to.equal('accepted');
      const large: ExchangeFault['when'] = ({ query }) => Number(query['pageSize']) > 100;
      const body = { data: [{ id: '1' }], metadata: { currentPageSize: 10 } };
      const capped = sandbox.fault({ on: 'api', status: 200, body, when: large, times: Infinity });
      expect((await probe({ steps, env })).settled['largePages']).to.equal('capped-at-10');
      capped.clear();
      fault({ on: 'api', status: 400, when: large });
      expect((await probe({ steps, env })).settled['largePages']).to.equal('refused-above-100');
    });
  });

  it('reports a step that fails, and continues', async () => {
    await start();
    fault({ reset: true, when: isRefresh });
    const { state, exitStatus } = await probe({ steps: ['consent', 'refresh-twice', 'consent-by-colleague'] });
    expect(state('refresh-twice')).to.include({ state: 'failed' });
    expect(state('refresh-twice')?.seen).to.deep.equal(['no response (ECONNRESET)']);
    expect(state('consent-by-colleague')?.state).to.equal('done');
    expect(exitStatus).to.equal(1);
  });

  describe('is stopped by Ctrl-C', () => {
    for (const [when, at, done] of [
      ['at a question', 'Do it?', []],
      ['while it waits for the user', 'Approve', ['wrong-secret', 'denial']],
      ['between two requests', 'The portfolio is asked for', ['wrong-secret', 'denial']],
    ] as const) {
      it(`${when}, and reports what was done`, async () => {
        await start();
        const { exitStatus, report, errors } = await probe({
          onText: (text, command) => {
            const approves = at === 'Approve' && text.startsWith('On the page that opens, choose');
            if (approves || text.startsWith(at)) command.interrupt();
          },
        });
        expect(exitStatus).to.equal(1);
        const states = (state: string) => report?.steps.filter((step) => step.state === state).map(({ id }) => id);
        expect(states('done')).to.deep.equal(done);
        expect(errors).to.contain(`Stopped. Not done: ${states('not reached')?.join(', ')}.`);
        expect(/The consent of the test advertiser stands/.test(errors)).to.equal(at.startsWith('The portfolio'));
      });
    }
  });
});
