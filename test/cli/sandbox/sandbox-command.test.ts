import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { expect } from 'chai';
import { createConsentURL } from 'passport-criteo';
import { connector } from '../../sandbox/support';
import { RunningCommand } from '../support';
import { freePort } from '../user';

describe('passport-criteo sandbox', () => {
  const running: RunningCommand[] = [];
  afterEach(async () => {
    for (const each of running) each.interrupt();
    await Promise.all(running.splice(0).map((each) => each.end()));
  });

  /** Starts the command, and waits until it has printed where it is. */
  const start = async (...args: string[]) => {
    const command = await new Promise<RunningCommand>((resolve) => {
      const onText = (text: string, starting: RunningCommand) => /http:\/\//.test(text) && resolve(starting);
      const starting = new RunningCommand(['sandbox', '--port', '0', ...args], { onText });
      running.push(starting);
      void starting.status.then(() => resolve(starting));
    });
    const [url = ''] = /http:\/\/[^\s"]+/.exec(command.printed) ?? [];
    const copied = command.printed.split('\n').filter((each) => each.startsWith('CRITEO_'));
    return { command, url, env: parseEnv(copied.join('\n')) as Record<string, string> };
  };
  const lines = ({ printed }: RunningCommand) => printed.trimEnd().split('\n');
  /** Waits for a line that fits. */
  const line = async (command: RunningCommand, pattern: RegExp): Promise<string> => {
    for (;;) {
      const found = lines(command).find((each) => pattern.test(each));
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const form = (env: Record<string, string>, fields: Record<string, string>) =>
    new URLSearchParams({
      client_id: env['CRITEO_CLIENT_ID'] ?? '',
      client_secret: env['CRITEO_CLIENT_SECRET'] ?? '',
      ...fields,
    });

  it('prints its address and lines for an .env file that work', async () => {
    const { url, env } = await start();
    expect(env).to.have.all.keys(
      'CRITEO_CLIENT_ID',
      'CRITEO_CLIENT_SECRET',
      'CRITEO_SIGNING_KEY',
      'CRITEO_SIGNING_SECRET',
      'CRITEO_API_URL',
      'CRITEO_AUTHORIZATION_URL',
      'CRITEO_SERVICE',
      'CRITEO_PKCE',
    );
    expect(env).to.include({ CRITEO_API_URL: url, CRITEO_AUTHORIZATION_URL: `${url}/request` });
    const body = form(env, { grant_type: 'client_credentials' });
    expect((await fetch(`${env['CRITEO_API_URL']}/oauth2/token`, { method: 'POST', body })).status).to.equal(200);
  });

  it('prints the same credentials in every run with a seed', async () => {
    const [first, second, other] = [await start('--seed', 'a'), await start('--seed', 'a'), await start('--seed', 'b')];
    const credentials = ({ env }: typeof first) => [env['CRITEO_CLIENT_ID'], env['CRITEO_SIGNING_SECRET']];
    expect(credentials(first)).to.deep.equal(credentials(second)).and.not.deep.equal(credentials(other));
  });

  it('prints one line for each exchange, with secrets masked', async () => {
    const { command, url, env } = await start();
    const body = form(env, {
      grant_type: 'refresh_token',
      refresh_token: 'a-refresh-token-of-more-than-32-characters',
    });
    await fetch(`${url}/oauth2/token`, { method: 'POST', body });
    expect(await line(command, /Refresh/)).to.match(
      /^\d\d:\d\d:\d\d {2}Refresh: 400, The refresh token is unknown.* {2}\(POST \/oauth2\/token\)$/,
    );
    await fetch(`${url}/2026-07/advertisers/me`, { headers: { authorization: 'Bearer secret-token' } });
    expect(await line(command, /GET/)).to.match(
      /^\d\d:\d\d:\d\d {2}Advertisers: 401.* {2}\(GET \/2026-07\/advertisers\/me\)$/,
    );
    expect(command.printed).to.not.contain('secret-token').and.not.contain('a-refresh-token');
  });

  it('prints deliveries of the consent callback', async () => {
    const receiver = await connector(204);
    const { command, url, env } = await start('--callback-url', `${receiver.url}?token=secret`);
    const consentURL = createConsentURL({
      key: env['CRITEO_SIGNING_KEY'] ?? '',
      secret: env['CRITEO_SIGNING_SECRET'] ?? '',
      state: 'user-42',
      redirectURI: 'https://app.example.com/back',
      consentURL: `${url}/request`,
    });
    const page = await (await fetch(consentURL)).text();
    const [, consent = ''] = /name="consent" value="([^"]*)"/.exec(page) ?? [];
    const decision = new URLSearchParams({ consent, decision: 'deny' });
    await fetch(`${url}/request`, { method: 'POST', body: decision, redirect: 'manual', headers: { origin: url } });
    expect(await line(command, /callback/)).to.match(
      /Consent callback, denied, attempt 1: 204 {2}\(POST to http:\/\/127\.0\.0\.1:\d+\/criteo\/consent\)$/,
    );
    expect(receiver.received).to.have.lengthOf(1);
    await receiver.close();
  });

  it('prints no exchanges with --quiet', async () => {
    const { command, url } = await start('--quiet');
    await fetch(`${url}/2026-07/advertisers/me`);
    command.interrupt();
    await command.end();
    expect(command.printed).to.not.contain('advertisers/me');
  });

  it('prints JSON lines with --json: one when it is ready, then one for each exchange', async () => {
    const { command, url } = await start('--json', '--pkce', '--service', 'retail-media');
    const headers = { authorization: 'Bearer secret-token' };
    await fetch(`${url}/2026-07/retail-media/accounts?pageIndex=0`, { headers });
    await line(command, /exchange/);
    command.interrupt();
    expect(await command.end()).to.equal(0);
    const [ready, exchange, ...more] = lines(command).map((each) => JSON.parse(each) as Record<string, unknown>);
    expect(ready).to.include({ event: 'ready', url });
    expect(ready?.['env']).to.include({ CRITEO_PKCE: 'true', CRITEO_SERVICE: 'retail-media' });
    expect(exchange).to.deep.include({
      event: 'exchange',
      direction: 'in',
      method: 'GET',
      path: '/2026-07/retail-media/accounts',
      status: 401,
      query: { pageIndex: '0' },
    });
    expect(command.printed).to.not.contain('secret-token');
    expect(more).to.deep.equal([]);
  });

  it('registers redirect URIs, and refuses others', async () => {
    const registered = ['http://localhost:3000/one', 'http://localhost:3000/two'];
    const { url, env } = await start(...registered.flatMap((uri) => ['--redirect-uri', uri]));
    const ask = async (redirect_uri: string): Promise<number> => {
      const query = form(env, { response_type: 'code', redirect_uri });
      return (await fetch(`${url}/request?${query}`)).status;
    };
    for (const uri of registered) expect(await ask(uri)).to.equal(200);
    expect(await ask('http://localhost:3000/three')).to.equal(400);
  });

  it('has a portfolio of the size that --portfolio sets', async () => {
    const { url, env } = await start('--portfolio', '7');
    const query = form(env, { response_type: 'code', redirect_uri: 'https://app.example.com/' });
    const page = await (await fetch(`${url}/request?${query}`)).text();
    expect(page.match(/name="advertiser"/g)).to.have.lengthOf(7);
  });

  it('warns if the network can reach it', async () => {
    const { command } = await start('--host', '0.0.0.0');
    expect(command.errors).to.match(/^Warning: with --host 0\.0\.0\.0 everyone .*\n.* pass --public-url too\.\n$/);
    expect((await start('--host', '::1')).command.errors).to.equal('');
  });

  it('shows the address under which containers reach it', async () => {
    const { command, env } = await start('--host', '0.0.0.0', '--public-url', 'http://criteo-sandbox:4300');
    expect(env['CRITEO_API_URL']).to.equal('http://criteo-sandbox:4300');
    expect(command.errors.split('\n')).to.have.lengthOf(2);
  });

  it('uses the variants that --variant chooses', async () => {
    const { url, env } = await start('--variant', 'clientError=credentials_no_longer_supported');
    const body = form({ ...env, CRITEO_CLIENT_SECRET: 'wrong' }, { grant_type: 'client_credentials' });
    const answer: unknown = await (await fetch(`${url}/oauth2/token`, { method: 'POST', body })).json();
    expect(answer).to.include({ error: 'credentials_no_longer_supported' });
  });

  describe('with --config', () => {
    const folder = mkdtempSync(join(tmpdir(), 'passport-criteo-'));
    const file = join(folder, 'sandbox.json');
    after(() => rmSync(folder, { recursive: true }));

    for (const secret of ['a#b', `it's`, 'say"so"', `it's"so"`, `it's\\nso`, '`a`', '$HOME$', `'#"`]) {
      it(`prints lines for an .env file that hold the secret ${secret}`, async () => {
        const keys = [{ clientID: 'a', clientSecret: secret }];
        writeFileSync(file, JSON.stringify({ app: { keys } }));
        const { env } = await start('--config', file);
        expect(env['CRITEO_CLIENT_SECRET']).to.equal(secret);
      });
    }
    const write = (config: unknown): void =>
      writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));

    it('has the apps, users, variants and faults of the file', async () => {
      const keys = [{ clientID: 'shop-id', clientSecret: 'shop secret'.replace(' ', '+') }];
      write({
        $schema: './node_modules/passport-criteo/dist/sandbox/config.schema.json',
        apps: [
          { name: 'Shop', keys },
          { name: 'Desk', service: 'retail-media' },
        ],
        users: [{ name: 'Ada', advertisers: 3 }],
        faults: [{ on: 'token', status: 503 }],
      });
      const { command, url } = await start('--config', file);
      expect(command.printed).to.match(/For your \.env file, the app "Shop":\n\nCRITEO_CLIENT_ID=shop-id\n/);
      expect(command.printed).to.match(/For your \.env file, the app "Desk":\n\n(.*\n)*CRITEO_SERVICE=retail-media\n/);
      const env = { CRITEO_CLIENT_ID: 'shop-id', CRITEO_CLIENT_SECRET: 'shop+secret' };
      const ask = () =>
        fetch(`${url}/oauth2/token`, { method: 'POST', body: form(env, { grant_type: 'client_credentials' }) });
      expect([(await ask()).status, (await ask()).status]).to.deep.equal([503, 200]);
      expect(await line(command, /\(POST \/oauth2\/token/)).to.match(/\b503\b.*\(POST \/oauth2\/token, Shop\)$/);
    });

    it('uses flags in place of what the file says', async () => {
      write({ app: { pkce: true, service: 'retail-media' }, seed: 'a', portfolio: 3 });
      const { env } = await start('--config', file, '--service', 'marketing-solutions', '--seed', 'b');
      expect(env).to.include({ CRITEO_PKCE: 'true', CRITEO_SERVICE: 'marketing-solutions' });
      const { env: other } = await start('--seed', 'b');
      expect(env['CRITEO_CLIENT_ID']).to.equal(other['CRITEO_CLIENT_ID']);
    });

    for (const [what, config, args, message] of [
      ['is not there', undefined, [], /there is no such file/],
      ['is not JSON', '{', [], /it is not JSON/],
      [
        'has an unknown field',
        { aps: [] },
        [],
        /json: there is no field `aps` in `configuration`; there are \$schema, port/,
      ],
      ['has a wrong value', { apps: [{ pkce: 'yes' }] }, [], /json: field `apps\[0\]\.pkce` must be true or false/],
      [
        'has a wrong fault',
        { faults: [{ on: 'api', lost: true }] },
        [],
        /sandbox: `faults\[0\]`: `lost` must be left out/,
      ],
      ['has apps, if a flag is about one app', { apps: [{}] }, ['--pkce'], /set them in "apps"/],
      ['has users, if --portfolio is given', { users: [{ name: 'Ada' }] }, ['--portfolio', '1'], /--portfolio/],
    ] as const) {
      it(`says with status 2 that the file ${what}`, async () => {
        rmSync(file, { force: true });
        if (config !== undefined) write(config);
        const { command } = await start('--config', file, ...args);
        expect(await command.end()).to.equal(2);
        expect(command.errors).to.match(message);
      });
    }
  });

  it('stops at once, says that it has stopped, and frees its port', async () => {
    const port = await freePort();
    const { command } = await start('--port', String(port));
    command.interrupt();
    expect(await command.end()).to.equal(0);
    expect(command.printed).to.match(/\nThe sandbox has stopped\.\n$/);
    expect(await (await start('--port', String(port))).command).to.have.property('errors', '');
  });

  it('says with status 1 that its port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const { command } = await start('--port', String(port));
    expect(await command.end()).to.equal(1);
    expect(command.errors).to.match(
      /^passport-criteo sandbox: cannot listen on --host 127\.0\.0\.1, --port \d+: the port is taken/,
    );
    await new Promise((resolve) => server.close(resolve));
  });
});
