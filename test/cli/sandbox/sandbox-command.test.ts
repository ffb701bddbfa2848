import { createServer } from 'node:http';
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

  it('prints its address and the lines for an .env file, which work', async () => {
    const { url, env } = await start();
    expect(env).to.have.all.keys(
      'CRITEO_CLIENT_ID',
      'CRITEO_CLIENT_SECRET',
      'CRITEO_SIGNING_KEY',
      'CRITEO_SIGNING_SECRET',
      'CRITEO_API_URL',
      'CRITEO_AUTHORIZATION_URL',
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
    const printed = await line(command, /POST/);
    expect(printed).to.match(
      /^\d\d:\d\d:\d\d {2}400 {2}POST \/oauth2\/token {2}client_id=\w+ {2}client_secret=… {2}grant_type=refresh_token {2}refresh_token=a-re…$/,
    );
    await fetch(`${url}/2026-07/advertisers/me`, { headers: { authorization: 'Bearer secret-token' } });
    expect(await line(command, /GET/)).to.match(/^\d\d:\d\d:\d\d {2}401 {2}GET {2}\/2026-07\/advertisers\/me$/);
    expect(command.printed).to.not.contain('secret-token');
  });

  it('shows what it was sent without the control characters in it', async () => {
    const { command, url } = await start();
    const body = new URLSearchParams({ grant_type: '\u001b[31mred', 'na\nme': 'x' });
    await fetch(`${url}/oauth2/token`, { method: 'POST', body });
    expect(await line(command, /POST/)).to.contain('grant_type=[31mred  na me=…');
  });

  it('prints deliveries of the consent callback', async () => {
    const receiver = await connector(204);
    const { command, url, env } = await start('--callback-url', receiver.url);
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
    expect(await line(command, /->/)).to.match(/ 204 {2}POST -> http:\/\/127\.0\.0\.1:\d+\/criteo\/consent$/);
    expect(receiver.received).to.have.lengthOf(1);
    await receiver.close();
  });

  it('prints nothing of the exchanges with --quiet', async () => {
    const { command, url } = await start('--quiet');
    await fetch(`${url}/2026-07/advertisers/me`);
    command.interrupt();
    await command.end();
    expect(command.printed).to.not.contain('advertisers/me');
  });

  it('prints JSON lines with --json: one when it is ready, then one for each exchange', async () => {
    const { command, url } = await start('--json', '--pkce', '--service', 'retail-media');
    await fetch(`${url}/2026-07/retail-media/accounts?pageIndex=0`);
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
      parameters: { pageIndex: '0' },
    });
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

  it('has a portfolio of the size that was asked for', async () => {
    const { url, env } = await start('--portfolio', '7');
    const query = form(env, { response_type: 'code', redirect_uri: 'https://app.example.com/' });
    const page = await (await fetch(`${url}/request?${query}`)).text();
    expect(page.match(/name="advertiser"/g)).to.have.lengthOf(7);
  });

  it('warns if the network can reach it', async () => {
    const { command } = await start('--host', '0.0.0.0');
    expect(command.errors).to.match(/^Warning: with --host 0\.0\.0\.0 everyone who reaches this machine/);
    expect((await start('--host', '::1')).command.errors).to.equal('');
  });

  it('stops at once, prints what is open, and lets go of its port', async () => {
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
