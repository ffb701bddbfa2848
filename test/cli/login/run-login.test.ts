import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TokenSet } from 'passport-criteo';
import { createSandbox, type ExchangeFault, type Sandbox, type SandboxOptions } from 'passport-criteo/sandbox';
import { NewFile } from '../../../lib/cli/new-file';
import { type CommandOptions, command, environment, RunningCommand } from '../support';
import { browse, freePort, type Shown, user } from '../user';

describe('passport-criteo check --login', () => {
  let sandbox: Sandbox;
  let callbackURL: string;
  const start = async (options: SandboxOptions = {}): Promise<void> => {
    sandbox = await createSandbox(options);
  };
  const approves = user(() => sandbox);
  const folder = mkdtempSync(join(tmpdir(), 'passport-criteo-'));
  const file = join(folder, 'tokens.json');

  beforeEach(async () => {
    callbackURL = `http://127.0.0.1:${await freePort()}/criteo-auth/callback`;
  });
  afterEach(async () => {
    await sandbox.close();
    rmSync(file, { force: true });
  });
  after(() => rmSync(folder, { recursive: true }));

  const login = async (args: readonly string[] = [], options: CommandOptions = {}) => {
    const env = { ...environment(sandbox, callbackURL), ...options.env };
    const run = await command(['check', '--login', '--json', ...args], { visit: approves, ...options, env });
    const results = run.document.results;
    return Object.assign(run, { result: (id: string) => results.find((result) => result.id === id) });
  };

  it('signs in with the real strategy, shows the portfolio, and refreshes once', async () => {
    await start({ portfolio: 2 });
    let shown: Shown | undefined;
    const { result, exitStatus, errors } = await login([], {
      visit: async (url) => {
        shown = await approves(url);
      },
    });
    expect(result('login')).to.include({
      result: 'ok',
      seen: 'the redirect URI is registered, and the callback brought a code and the state',
    });
    expect(result('redirect-uri')).to.equal(undefined);
    expect(result('token-response')).to.include({
      result: 'ok',
      seen: 'an access token for 900 seconds, a refresh token',
    });
    expect(result('portfolio')).to.include({
      result: 'ok',
      seen: '2 advertisers: 13 Northwind Outdoor, 1352 Lumen & Oak',
    });
    expect(result('refresh')).to.include({ result: 'ok', seen: 'works; the same refresh token came back' });
    expect(exitStatus).to.equal(0);
    expect(errors)
      .to.contain(`${sandbox.url}/request?`)
      .and.to.match(/An error page of Criteo instead of the consent page means/);
    expect(shown?.status).to.equal(200);
    expect(shown?.body).to.contain('<h1>Connected</h1>');
  });

  it('works for an app with PKCE and without a secret, and for Retail Media', async () => {
    await start({ app: { pkce: true, service: 'retail-media' }, portfolio: 30 });
    const env = { CRITEO_CLIENT_SECRET: '', CRITEO_PKCE: 'true', CRITEO_SERVICE: 'retail-media' };
    const { result, exitStatus } = await login([], { env });
    expect(result('portfolio')?.seen).to.match(
      /^30 accounts: 18446744073709551616 Northwind Outdoor, .*, and 10 more$/,
    );
    expect(exitStatus).to.equal(0);
  });

  it('prints the consent URL, and opens it unless --no-open is given', async () => {
    await start();
    let opened = 0;
    const run = new RunningCommand(['check', '--login', '--no-open'], {
      env: environment(sandbox, callbackURL),
      visit: () => {
        opened += 1;
      },
      onText: (text) => {
        const [, url] = /^\n {2}(http\S+)\n/.exec(text) ?? [];
        return url === undefined ? undefined : approves(url);
      },
    });
    expect(await run.end()).to.equal(0);
    expect(opened).to.equal(0);
    expect(run.printed).to.match(/^ok {7}Refresh: works/m);
  });

  it('shows no token and no secret without --print-tokens', async () => {
    await start();
    const run = await login();
    const secrets = [sandbox.app.clientSecret, ...secretsOf(sandbox)];
    expect(secrets).to.have.lengthOf.above(3);
    for (const secret of secrets) expect(run.printed + run.errors).to.not.contain(secret);
    const printing = await login(['--print-tokens']);
    const { tokens } = printing.document;
    expect(tokens).to.have.all.keys('accessToken', 'refreshToken', 'tokenType', 'expiresAt', 'obtainedAt');
  });

  it('prints tokens that work, with and without --json', async () => {
    await start();
    const env = environment(sandbox, callbackURL);
    const { printed } = await command(['check', '--login', '--print-tokens'], { env, visit: approves });
    const tokens = JSON.parse(/which are secrets:\n(.*)\n$/.exec(printed)?.[1] ?? '') as TokenSet;
    const headers = { authorization: `Bearer ${tokens.accessToken}` };
    expect((await fetch(`${sandbox.url}/2026-07/advertisers/me`, { headers })).status).to.equal(200);
  });

  describe('with --save', () => {
    it('writes the newest tokens to a file that only its owner can read', async () => {
      await start();
      sandbox.fault({
        on: 'token',
        rotateRefreshToken: true,
        when: ({ form }) => form['grant_type'] === 'refresh_token',
      });
      const { result, exitStatus, errors } = await login(['--save', file]);
      expect(exitStatus).to.equal(0);
      expect(result('refresh')?.seen).to.equal('works; a new refresh token came back; it replaces the old one');
      expect(statSync(file).mode & 0o777).to.equal(0o600);
      const tokens = JSON.parse(readFileSync(file, 'utf8')) as TokenSet;
      const answers = sandbox.requests.filter(({ path }) => path === '/oauth2/token');
      expect(answers.at(-1)?.form['refresh_token']).to.be.a('string').and.not.equal(tokens.refreshToken);
      expect(errors).to.contain(`The tokens are in ${file}`).and.not.contain(tokens.accessToken);
    });

    it('keeps the tokens of the login if the refresh fails', async () => {
      await start();
      sandbox.fault({ on: 'token', status: 500, when: ({ form }) => form['grant_type'] === 'refresh_token' });
      const { result, exitStatus } = await login(['--save', file]);
      expect(result('refresh')?.result).to.equal('wrong');
      expect(exitStatus).to.equal(1);
      expect(JSON.parse(readFileSync(file, 'utf8'))).to.have.property('refreshToken');
    });

    it('overwrites no file, and follows no symbolic link', async () => {
      await start();
      writeFileSync(file, 'mine');
      const env = environment(sandbox, callbackURL);
      const taken = await command(['check', '--login', '--save', file], { env });
      expect(taken.exitStatus).to.equal(2);
      expect(taken.errors).to.contain(`--save ${file}: something with this name is there already`);
      expect(readFileSync(file, 'utf8')).to.equal('mine');
      const link = join(folder, 'link.json');
      symlinkSync(join(folder, 'elsewhere.json'), link);
      expect((await command(['check', '--login', '--save', link], { env })).exitStatus).to.equal(2);
      expect(readdirSync(folder).sort()).to.deep.equal(['link.json', 'tokens.json']);
      expect((await command(['check', '--login', '--save', `${folder}/no/x`], { env })).errors).to.match(
        /no such folder/,
      );
      expect(sandbox.requests).to.deep.equal([]);
      rmSync(link);
    });

    it('says if the tokens cannot be written, and continues', async function () {
      // A device without room, which Linux has.
      if (process.platform !== 'linux') this.skip();
      await start();
      const original = NewFile.create;
      NewFile.create = async () =>
        ({ path: file, write: () => writeFile('/dev/full', 'x'), close: async () => {} }) as never;
      const run = await login(['--save', file, '--print-tokens']).finally(() => {
        NewFile.create = original;
      });
      expect(run.result('save')?.seen).to.match(/^not saved: ENOSPC/);
      expect(run.document).to.have.property('tokens');
      expect(run.exitStatus).to.equal(1);
      expect(run.errors).to.not.contain('The tokens are in');
    });

    it('leaves no file behind if there was no login', async () => {
      await start();
      await login(['--save', file], { visit: user(() => sandbox, 'deny') });
      expect(readdirSync(folder)).to.deep.equal([]);
    });
  });

  describe('says what is unexpected:', () => {
    it('the user denies', async () => {
      await start();
      const { result, exitStatus } = await login([], { visit: user(() => sandbox, 'deny') });
      const seen = 'Criteo sent the user back with error=access_denied; the strategy says access_denied';
      expect(result('login')).to.include({ result: 'wrong', seen });
      expect(exitStatus).to.equal(1);
    });

    it('the user denies, and Criteo leaves the state out', async () => {
      await start();
      const visit = user(
        () => sandbox,
        'deny',
        (url) => url.searchParams.delete('state'),
      );
      const { result } = await login([], { visit });
      expect(result('login')?.seen).to.match(
        /error=access_denied, without the state; the strategy says state_missing$/,
      );
    });

    it('Criteo has a problem', async () => {
      await start();
      const visit = user(
        () => sandbox,
        'deny',
        (url) => url.searchParams.set('error', 'server_error'),
      );
      expect((await login([], { visit })).result('login')).to.include({ result: 'wrong' });
    });

    it('the code is refused', async () => {
      await start();
      const visit = user(
        () => sandbox,
        'approve',
        (url) => url.searchParams.set('code', 'another'),
      );
      const { result, exitStatus } = await login([], { visit });
      expect(result('login')?.seen).to.match(/invalid_grant/);
      expect(exitStatus).to.equal(1);
    });

    it('the token response', async () => {
      await start();
      const body = { access_token: 'access-token', token_type: 'bearer', expires_in: '600', scope: 'x' };
      sandbox.fault({
        on: 'token',
        status: 200,
        body,
        when: ({ form }) => form['code'] !== undefined && !/^made/.test(form['code']),
      });
      sandbox.fault({
        on: 'api',
        status: 200,
        body: { data: [{ id: '1', attributes: {} }] },
        when: ({ headers }) => headers['authorization'] === 'Bearer access-token',
      });
      const { result } = await login();
      expect(result('token-response')).to.include({ result: 'wrong' });
      expect(result('token-response')?.seen).to.equal(
        'there is no refresh token; different from what is documented: expires_in is 600, token_type is not spelled Bearer, there is a parameter scope',
      );
      expect(result('portfolio')?.seen).to.equal('1 advertiser: 1 (no name)');
      expect(result('refresh')).to.include({ result: 'skipped', seen: 'there is no refresh token' });
    });

    it('the callback', async () => {
      await start();
      const visit = user(
        () => sandbox,
        'approve',
        (url) => url.searchParams.set('session_state', 'x'),
      );
      expect((await login([], { visit })).result('login')?.seen).to.match(/there is a parameter session_state$/);
    });

    it('the refresh brings no refresh token', async () => {
      await start();
      sandbox.fault({
        on: 'token',
        omitRefreshToken: true,
        when: ({ form }) => form['grant_type'] === 'refresh_token',
      });
      const { result } = await login();
      expect(result('refresh')?.seen).to.equal('works; no refresh token came back, so the old one stays');
    });

    it('the portfolio is refused', async () => {
      await start();
      sandbox.fault({
        on: 'api',
        status: 403,
        when: ({ path, headers }) => isPortfolio(path, headers),
        times: Infinity,
      });
      const { result } = await login();
      expect(result('portfolio')).to.include({ result: 'wrong' });
      expect(result('portfolio')?.advice).to.match(/set CRITEO_SERVICE=retail-media/);
      expect(result('refresh')?.result).to.equal('ok');
    });

    it('the portfolio is empty for a while', async () => {
      await start();
      // The first request of the portfolio is of the check before the login.
      let asked = 0;
      const when = ({ path }: { path: string }) => path.endsWith('/advertisers/me') && ++asked > 1 && asked < 5;
      sandbox.fault({ on: 'api', status: 200, body: { data: [] }, when, times: Infinity });
      const { result, slept } = await login();
      expect(slept).to.deep.equal([10_000, 10_000, 10_000]);
      expect(result('portfolio')).to.include({ result: 'ok' });
    });

    it('the portfolio stays empty', async () => {
      await start({ portfolio: 0 });
      const { result, slept, exitStatus } = await login();
      expect(result('portfolio')).to.include({ result: 'unknown', seen: 'it is empty' });
      expect(slept).to.have.lengthOf(7);
      expect(exitStatus).to.equal(0);
    });

    it('the user does not come back', async () => {
      await start({ app: { redirectURIs: ['https://other.example.com/cb'] } });
      const { result, exitStatus } = await login(['--timeout', '1'], { visit: (url) => browse(url) });
      expect(result('login')).to.include({ result: 'wrong', seen: 'no callback came within 1 seconds' });
      expect(result('login')?.advice).to.match(/the redirect URI is not registered letter for letter/);
      expect(exitStatus).to.equal(1);
    });
  });

  it('does not start if the credentials are wrong', async () => {
    await start();
    const { result, exitStatus } = await login([], { env: { CRITEO_CLIENT_SECRET: 'wrong' } });
    expect(result('login')).to.include({ result: 'skipped', seen: 'first fix "Client id and secret"' });
    expect(exitStatus).to.equal(1);
  });

  it('says that its port is taken before it does anything else', async () => {
    await start();
    const other = createServer().listen(Number(new URL(callbackURL).port), '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { exitStatus, errors } = await command(['check', '--login'], { env: environment(sandbox, callbackURL) });
    await new Promise((resolve) => other.close(resolve));
    expect(exitStatus).to.equal(1);
    expect(errors).to.match(/The callback cannot be received on port \d+: it is taken\. Stop what listens there/);
    expect(sandbox.requests).to.deep.equal([]);
  });

  it('ignores callbacks of other logins, and keeps waiting', async () => {
    await start();
    const shown: Shown[] = [];
    const { result, errors } = await login([], {
      visit: async (url) => {
        shown.push(await browse(new URL('/elsewhere', callbackURL).href));
        shown.push(await browse(`${callbackURL}?code=stolen&state=unknown`));
        shown.push(await browse(`${callbackURL}?code=<b>&code=2`));
        shown.push(await browse(callbackURL));
        await browse(`${callbackURL}?code=stolen&state=${new URL(url).searchParams.get('state')}`, 'HEAD');
        shown.push(await approves(url));
      },
    });
    expect(result('login')?.result).to.equal('ok');
    expect(shown.map(({ status }) => status)).to.deep.equal([404, 200, 200, 200, 200]);
    expect(shown[1]?.body).to.contain('Not connected');
    expect(errors).to.match(/A callback came that does not belong to this login \(state_unknown\)\. Still waiting\./);
  });

  it('takes a callback that comes twice at once for one', async () => {
    const sandbox = await createSandbox();
    try {
      const callbackURL = `http://127.0.0.1:${await freePort()}/callback`;
      const visit = async (url: string) => {
        const back = await sandbox.approve(url);
        sandbox.fault({ on: 'token', delay: 200, match: { form: { grant_type: 'authorization_code' } } });
        // The command may end before the second one has its page.
        await Promise.allSettled([browse(back), browse(back)]);
      };
      const { exitStatus } = await command(['check', '--login'], { env: environment(sandbox, callbackURL), visit });
      expect(exitStatus).to.equal(0);
    } finally {
      await sandbox.close();
    }
  });

  it('continues if the browser leaves before it has its page', async () => {
    await start();
    let leave = (): void => {};
    const when = ({ path }: { path: string }): boolean => {
      if (path.endsWith('/advertisers/me')) leave();
      return true;
    };
    // Long enough for the server to see that the browser has left.
    sandbox.fault({ on: 'api', delay: 50, times: Infinity, when });
    const { result } = await login([], {
      visit: async (url) => {
        const browser = request(await sandbox.approve(url), { agent: false });
        browser.on('error', () => {});
        const left = new Promise((resolve) => browser.once('close', resolve));
        leave = () => browser.destroy();
        browser.end();
        await left;
      },
    });
    expect(result('login')?.result).to.equal('ok');
  });

  it('listens on the two addresses of localhost only', async () => {
    await start();
    const { port } = new URL(callbackURL);
    callbackURL = `http://localhost:${port}/criteo-auth/callback`;
    const shown: number[] = [];
    await login([], {
      visit: async (url) => {
        shown.push((await browse(`http://127.0.0.1:${port}/`)).status, (await browse(`http://[::1]:${port}/`)).status);
        await approves(url);
      },
    });
    expect(shown).to.deep.equal([404, 404]);
  });

  describe('is stopped by Ctrl-C', () => {
    it('while it waits for the user, and says that the consent may stand', async () => {
      await start();
      const run: RunningCommand = new RunningCommand(['check', '--login', '--save', file], {
        env: environment(sandbox, callbackURL),
        visit: () => run.interrupt(),
      });
      expect(await run.end()).to.equal(1);
      expect(run.printed).to.match(/Stopped\.\nThere was no login\. If you approved already, the consent stands/);
      expect(readdirSync(folder)).to.deep.equal([]);
      await expectClosed(callbackURL);
    });

    it('after the login, and keeps the saved tokens', async () => {
      await start({ portfolio: 0 });
      const run: RunningCommand = new RunningCommand(['check', '--login', '--save', file], {
        env: environment(sandbox, callbackURL),
        visit: approves,
        onText: (text) => text.includes('Asking again') && run.interrupt(),
      });
      expect(await run.end()).to.equal(1);
      expect(run.printed).to.contain(`The tokens are in ${file}`).and.not.contain('forgotten');
      expect(JSON.parse(readFileSync(file, 'utf8'))).to.have.property('refreshToken');
    });

    it('after the login, and says that the tokens are forgotten', async () => {
      await start({ portfolio: 0 });
      const run: RunningCommand = new RunningCommand(['check', '--login'], {
        env: environment(sandbox, callbackURL),
        visit: approves,
        onText: (text) => text.includes('Asking again') && run.interrupt(),
      });
      expect(await run.end()).to.equal(1);
      expect(run.printed).to.contain('The login was done and its tokens are forgotten; the consent stands until');
    });

    it('during the refresh', async () => {
      await start();
      const isRefresh: ExchangeFault['when'] = ({ form }) => form['grant_type'] === 'refresh_token';
      sandbox.fault({ on: 'token', hang: true, when: isRefresh });
      const run: RunningCommand = new RunningCommand(['check', '--login', '--print-tokens'], {
        env: environment(sandbox, callbackURL),
        visit: approves,
        onText: (text) => text.includes('Portfolio: ') && run.interrupt(),
      });
      expect(await run.end()).to.equal(1);
      expect(run.printed).to.match(/Stopped\.[\s\S]*The tokens, which are secrets:/);
    });
  });
});

function isPortfolio(path: string, headers: Readonly<Record<string, unknown>>): boolean {
  return path.endsWith('/advertisers/me') && headers['authorization'] !== undefined;
}

/** Every token, code and secret that went over the wire. */
function secretsOf(sandbox: Sandbox): string[] {
  const names = ['client_secret', 'code', 'refresh_token'];
  const sent = sandbox.requests.flatMap(({ form, headers }) => [
    ...names.map((name) => form[name] ?? ''),
    String(headers['authorization'] ?? '').replace('Bearer ', ''),
  ]);
  return [...new Set(sent)].filter((value) => value !== '' && !value.startsWith('made-up'));
}

async function expectClosed(url: string): Promise<void> {
  const code = await browse(url).then(
    () => 'it still listens',
    (error: NodeJS.ErrnoException) => error.code,
  );
  expect(code).to.equal('ECONNREFUSED');
}
