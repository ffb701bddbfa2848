import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { openAsBlob } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { CriteoClient } from '../../lib/criteo/client';
import type { TokenSet } from '../../lib/criteo/token-set';
import { CriteoAPIError, CriteoTransportError, ReauthorizationRequiredError } from '../../lib/errors';
import { TokenSource } from '../../lib/tokens/token-source';
import { rejection } from '../support/errors';
import { useFastClock } from '../support/fast-clock';
import {
  answer,
  answers,
  head,
  type LoopbackOptions,
  opener as loopbackOpener,
  type Script,
} from '../support/loopback';
import { LIFE, opener } from './support';

const path = '/2026-07/advertisers/me';

/** A connection to an API that answers as the script says. */
function apiOpener() {
  const open = loopbackOpener();
  return async (script: Script, { prefix = '', ...options }: LoopbackOptions & { prefix?: string } = {}) => {
    const server = await open(script, options);
    const client = new CriteoClient({ clientID: 'id', clientSecret: 'secret', apiURL: server.origin + prefix });
    const source = new TokenSource({ client });
    const tokens: TokenSet = {
      accessToken: 'first',
      tokenType: 'Bearer',
      obtainedAt: Date.now(),
      expiresAt: Date.now() + LIFE,
      refreshToken: 'refresh',
    };
    await source.save('user-1', tokens);
    return { server, source, call: (url: string | URL = path, init = {}) => source.fetch('user-1', url, init) };
  };
}

const renewed = answer(200, { access_token: 'second', token_type: 'Bearer', expires_in: 900 });
const refusal = (code: string) => ({ errors: [{ code, type: 'access-control' }], warnings: [] });
/** Answers of the API in turn; the token endpoint always gives `second`. */
function api(...all: [string, ...string[]]): Script {
  let calls = 0;
  return (socket, { path }) => {
    const given = path === '/oauth2/token' ? renewed : (all[Math.min(calls++, all.length - 1)] ?? '');
    socket.write(given);
  };
}

describe('Calling Criteo’s API as a connection', () => {
  const open = opener();
  const openAPI = apiOpener();

  it('responds as fetch does, with a token that is refreshed in time', async () => {
    const { source, consent, pass, asked } = await open();
    const connections = source();
    await connections.save('user-1', await consent());
    pass(LIFE);
    const response = await connections.fetch('user-1', path);
    expect(response).to.be.instanceOf(Response).and.include({ status: 200, ok: true, statusText: 'OK' });
    expect(response.headers.get('content-type')).to.match(/json/);
    const { data } = (await response.json()) as { data: unknown[] };
    expect(data).to.have.length(5);
    expect(asked()).to.equal(1);
  });

  it('works for the app’s own token too', async () => {
    const { source } = await open();
    expect((await source({ grant: 'client_credentials' }).fetch(undefined, path)).status).to.equal(200);
  });

  it('rejects if there is no token and none may be requested yet', async () => {
    const { source, sandbox, consent } = await open();
    await consent();
    const store = new Map();
    const machine = source({ grant: 'client_credentials', store });
    sandbox.fault({ on: 'api', status: 401, body: { errors: [{ code: 'authorization-token-expired' }] } });
    expect((await machine.fetch(undefined, path)).status).to.equal(200);
    store.clear();
    const error = await rejection(machine.fetch(undefined, path), CriteoAPIError);
    expect(error).to.include({ code: 'fresh_token_refused', status: 503, retryable: true });
  });

  it('sends the token in the header, and a user agent', async () => {
    const { server, call } = await openAPI(answers(answer(200, 'hello')));
    const init = {
      headers: { Authorization: 'Bearer mine', Host: 'evil.example', 'X-Mine': 'yes', Accept: 'text/csv' },
    };
    expect(await (await call(path, init)).text()).to.equal('hello');
    const { method, path: asked, headers } = server.received[0] ?? {};
    expect({ method, asked }).to.deep.equal({ method: 'GET', asked: path });
    expect(headers).to.include({ authorization: 'Bearer first', host: new URL(server.origin).host, 'x-mine': 'yes' });
    expect(headers).to.include({ accept: 'text/csv', 'accept-encoding': 'identity' });
    expect(headers?.['user-agent']).to.match(/^passport-criteo\//);
  });

  it('asks for JSON, and sends no body, unless it is told otherwise', async () => {
    const { server, call } = await openAPI(answers(answer(200)));
    await call();
    expect(server.received[0]?.headers).to.include({ accept: 'application/json' });
    expect(server.received[0]?.headers).to.not.have.any.keys('content-length', 'transfer-encoding');
  });

  it('takes a path under the API’s URL, and an absolute URL of its origin', async () => {
    const { server, call } = await openAPI(answers(answer(200)), { prefix: '/proxy' });
    await call(path);
    await call(`${server.origin}/elsewhere?q=1#part`);
    await call(new URL(`${server.origin}/url`));
    expect(server.received.map(({ path }) => path)).to.deep.equal([`/proxy${path}`, '/elsewhere?q=1', '/url']);
  });

  for (const url of [
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    'http://user:password@127.0.0.1/',
    'advertisers/me',
    'javascript:alert(1)',
    'blob:http://127.0.0.1/',
    '',
    7,
    null,
    {},
    [path],
  ]) {
    it(`sends no token to ${JSON.stringify(url)}`, async () => {
      const { server, call } = await openAPI(answers(answer(200)));
      const target = String(url).replace('127.0.0.1', `127.0.0.1:${new URL(server.origin).port}`);
      const error = await rejection(call((typeof url === 'string' ? target : url) as never), TypeError);
      expect(error.message)
        .to.match(/^TokenSource\.fetch: url must be/)
        .and.not.include('password');
      expect(server.received).to.deep.equal([]);
    });
  }

  it('does not follow a redirect, and returns it', async () => {
    const evil = await loopback((socket) => socket.write(answer(200)));
    const { server, call } = await openAPI(answers(answer(302, '', { location: `${evil.origin}/` })));
    const response = await call();
    expect(response.status).to.equal(302);
    expect(response.headers.get('location')).to.equal(`${evil.origin}/`);
    expect(server.received).to.have.length(1);
    expect(evil.received).to.have.length(0);
  });
  const loopback = loopbackOpener();

  for (const status of [400, 403, 404, 410, 500, 503]) {
    it(`returns a response with status ${status} as it is, at once, even if it has Retry-After`, async () => {
      const { server, call } = await openAPI(answers(answer(status, refusal('some-code'), { 'retry-after': 0 })));
      const response = await call();
      expect(response.status).to.equal(status);
      expect(await response.json()).to.deep.equal(refusal('some-code'));
      expect(server.received).to.have.length(1);
    });
  }

  describe('when the token is refused', () => {
    for (const [what, body] of [
      ['authorization-token-expired', refusal('authorization-token-expired')],
      ['authorization-token-invalid', refusal('authorization-token-invalid')],
      ['authorization-token-missing', refusal('authorization-token-missing')],
      ['authorization-token-issuer-invalid', refusal('authorization-token-issuer-invalid')],
      ['authorization-token-unknown', refusal('authorization-token-unknown')],
      ['no code', ''],
    ] as const) {
      it(`replaces the token and repeats the call once after ${what}`, async () => {
        const { server, call } = await openAPI(api(answer(401, body), answer(200, 'done')));
        expect(await (await call()).text()).to.equal('done');
        expect(server.received.map(({ path, headers }) => headers['authorization'] ?? path)).to.deep.equal([
          'Bearer first',
          '/oauth2/token',
          'Bearer second',
        ]);
      });
    }

    it('returns a second refusal, unread', async () => {
      const text = 'x'.repeat(65 * 1024);
      const { server, call } = await openAPI(api(answer(401), answer(401, text)));
      const response = await call();
      expect(response.status).to.equal(401);
      expect(await response.text()).to.equal(text);
      expect(server.received).to.have.length(3);
    });

    it('returns the refusal of a token that Criteo has just issued, and sends nothing else', async () => {
      const { server, call } = await openAPI(api(answer(401, refusal('authorization-token-invalid'))));
      await call();
      const calls = server.received.length;
      const response = await call();
      expect(response.status).to.equal(401);
      expect(await response.json()).to.deep.equal(refusal('authorization-token-invalid'));
      expect(server.received.slice(calls).map(({ headers }) => headers['authorization'])).to.deep.equal([
        'Bearer second',
      ]);
    });

    it('returns such a refusal without a body, as the response to a HEAD request is', async () => {
      const { call } = await openAPI(api(head(401, { 'content-length': 9 })));
      await call(path, { method: 'HEAD' });
      const response = await call(path, { method: 'HEAD' });
      expect([response.status, response.body]).to.deep.equal([401, null]);
    });

    it('returns a complete 401 response of another kind', async () => {
      const refused = answer(401, refusal('not-for-you'), { 'x-extra': 'kept' });
      const { server, call } = await openAPI(api(refused));
      const response = await call();
      expect(response.status).to.equal(401);
      expect(response.headers.get('x-extra')).to.equal('kept');
      expect(await response.json()).to.deep.equal(refusal('not-for-you'));
      expect(server.received).to.have.length(1);
    });

    it('repeats a call whose responses have no body', async () => {
      const { server, call } = await openAPI(api(answer(401), answer(200)));
      expect((await call(path, { method: 'HEAD' })).status).to.equal(200);
      expect(server.received).to.have.length(3);
    });

    it('gives up on a refusal whose body does not end', async () => {
      const { call } = await openAPI(api(answer(401, 'x'.repeat(65 * 1024))));
      const error = await rejection(call(), CriteoTransportError);
      expect(error).to.include({ code: 'response_too_large' });
      expect(error.response).to.deep.equal({ status: 401 });
      expect(error.message).to.include('with status 401 is larger than 65536 bytes');
    });

    it('refreshes once for many calls at the same time', async () => {
      const { source, consent, asked, sandbox } = await open();
      const connections = source();
      await connections.save('user-1', { ...(await consent()), accessToken: 'unknown-to-criteo' });
      const responses = await Promise.all(Array.from({ length: 20 }, () => connections.fetch('user-1', path)));
      expect(responses.map(({ status }) => status)).to.deep.equal(responses.map(() => 200));
      expect(asked()).to.equal(1);
      expect(sandbox.requests.filter(({ path }) => path === '/oauth2/token')).to.have.length(2);
    });

    it('rejects if the user must consent again', async () => {
      const { source, consent, sandbox } = await open();
      const connections = source();
      await connections.save('user-1', { ...(await consent()), accessToken: 'unknown-to-criteo' });
      await sandbox.revoke();
      await rejection(connections.fetch('user-1', path), ReauthorizationRequiredError);
    });

    it('returns the 403 response of a consent that was revoked, without a repeat', async () => {
      const { source, consent, sandbox, asked } = await open();
      const connections = source();
      await connections.save('user-1', await consent());
      await sandbox.revoke();
      expect((await connections.fetch('user-1', path)).status).to.equal(403);
      expect(asked()).to.equal(0);
    });
  });

  describe('when the rate limit was reached', () => {
    useFastClock(5);

    const inSeconds = (seconds: number) => ({ 'x-ratelimit-reset': Math.floor(Date.now() / 1000) + seconds });

    for (const [method, text] of [
      ['GET', 'done'],
      ['HEAD', ''],
    ] as const) {
      it(`waits until it is reset, and repeats a ${method} request`, async () => {
        const { server, call } = await openAPI(api(answer(429, '', inSeconds(0)), answer(200, text)));
        expect(await (await call(path, { method })).text()).to.equal(text);
        expect(server.received).to.have.length(2);
      });
    }

    it('returns the response if the reset is later than the timeout', async () => {
      const { server, call } = await openAPI(api(answer(429, 'later', inSeconds(60)), answer(200)));
      const response = await call(path, { timeout: 30_000 });
      expect([response.status, await response.text()]).to.deep.equal([429, 'later']);
      expect(server.received).to.have.length(1);
    });

    it('returns the response if less than half a second would be left after the wait', async () => {
      // The wait is half a second at least, and 1050 ms at most.
      const { server, call } = await openAPI(api(answer(429, 'now', { 'retry-after': 0 }), answer(200)));
      const response = await call(path, { timeout: 950 });
      expect([response.status, await response.text()]).to.deep.equal([429, 'now']);
      expect(server.received).to.have.length(1);
    });

    it('measures the time until the reset by the clock of the option now', async () => {
      const { source, consent, sandbox } = await open();
      const connections = source({ now: () => 0 });
      await connections.save('user-1', await consent());
      sandbox.fault({ on: 'api', status: 429, headers: { 'x-ratelimit-reset': '60' } });
      expect((await connections.fetch('user-1', path, { timeout: 30_000 })).status).to.equal(429);
    });

    it('returns the response if it does not say when the limit is reset', async () => {
      const { call } = await openAPI(api(answer(429, 'later'), answer(200)));
      expect((await call()).status).to.equal(429);
    });

    it('repeats the call three times at most if the time of the reset is in the past', async () => {
      const { server, call } = await openAPI(api(answer(429, 'later', inSeconds(-60))));
      const response = await call(path, { timeout: 60_000 });
      expect([response.status, await response.text()]).to.deep.equal([429, 'later']);
      expect(server.received).to.have.length(4);
    });

    it('stops waiting when the caller gives up', async () => {
      const { call } = await openAPI(api(answer(429, '', inSeconds(300)), answer(200)));
      const control = new AbortController();
      const onResponse = (): unknown => setImmediate(() => control.abort());
      subscribe('passport-criteo:exchange', onResponse);
      const waiting = call(path, { timeout: 600_000, signal: control.signal });
      expect(await rejection(waiting, CriteoTransportError)).to.include({ code: 'aborted' });
      unsubscribe('passport-criteo:exchange', onResponse);
    });
  });

  describe('with a body', () => {
    const form = new FormData();
    form.set('file', new Blob(['content']), 'name.txt');
    const refusedOnce = () => api(answer(401, ''), answer(200));

    for (const [what, body, type, sent] of [
      ['text', 'grüß', 'text/plain;charset=UTF-8', 'grüß'],
      ['a form', new URLSearchParams({ a: 'b c' }), 'application/x-www-form-urlencoded;charset=UTF-8', 'a=b+c'],
      ['bytes', Buffer.from('bytes'), undefined, 'bytes'],
      ['a blob', new Blob(['{}'], { type: 'application/json' }), 'application/json', '{}'],
      ['a form with files', form, /^multipart\/form-data; boundary=/, /name\.txt[\s\S]*content/],
    ] as const) {
      it(`repeats the call if the body is ${what}`, async () => {
        const { server, call } = await openAPI(refusedOnce());
        expect((await call(path, { method: 'POST', body })).status).to.equal(200);
        const calls = server.received.filter((received) => received.path === path);
        expect(calls).to.have.length(2);
        expect(calls[0]?.body).to.equal(calls[1]?.body);
        for (const { method, headers, body } of calls) {
          expect(method).to.equal('POST');
          expect(headers['transfer-encoding']).to.equal(undefined);
          expect(headers['content-length']).to.equal(String(Buffer.byteLength(body)));
          if (type instanceof RegExp) expect(headers['content-type']).to.match(type);
          else expect(headers['content-type']).to.equal(type);
          if (sent instanceof RegExp) expect(body).to.match(sent);
          else expect(body).to.equal(sent);
        }
      });
    }

    it('sends the length of the body, even with methods that usually have none', async () => {
      const { server, call } = await openAPI(answers(answer(204)));
      const response = await call(path, { method: 'DELETE', body: 'these', headers: { 'content-length': '1' } });
      expect(response.status).to.equal(204);
      expect(response.body).to.equal(null);
      expect(server.received[0]).to.include({ body: 'these' });
    });

    for (const [what, stream] of [
      ['a web stream', () => new Blob(['one ', 'two']).stream()],
      ['a node stream', () => Readable.from([Buffer.from('one '), Buffer.from('two')])],
    ] as const) {
      it(`sends ${what} as it comes, and never a second time`, async () => {
        const requests: string[] = [];
        const onConnection = (socket: Socket): void => {
          let sent = '';
          socket.setEncoding('utf8').on('data', (text: string) => {
            sent += text;
            if (!sent.endsWith('0\r\n\r\n')) return;
            requests.push(sent);
            socket.write(answer(401));
          });
        };
        const { call } = await openAPI(() => {}, { onConnection });
        const response = await call(path, { method: 'POST', body: stream() });
        expect(response.status).to.equal(401);
        expect(requests).to.have.length(1);
        expect(requests[0])
          .to.match(/transfer-encoding: chunked\r\n/)
          .and.match(/one [\s\S]*two/);
      });
    }

    it('rejects with the cause if the body breaks off while it is sent', async () => {
      const broken = new Error('the disk is gone');
      const { call } = await openAPI(() => {});
      async function* body() {
        yield Buffer.from('one');
        throw broken;
      }
      const error = await rejection(call(path, { method: 'POST', body: Readable.from(body()) }), CriteoTransportError);
      expect(error).to.include({ code: 'connection_failed' });
      expect(error.cause).to.include({ message: 'the disk is gone' });
    });

    it('rejects if a file that is to be sent was changed meanwhile', async () => {
      const { server, call } = await openAPI(answers(answer(200)));
      const file = join(await mkdtemp(join(tmpdir(), 'fetch-')), 'report.csv');
      await writeFile(file, 'one');
      const body = await openAsBlob(file);
      await writeFile(file, 'another one');
      const error = await rejection(call(path, { method: 'POST', body }), CriteoTransportError);
      expect(error).to.include({ code: 'connection_failed' });
      expect(error.message).to.include('the body of the request broke off');
      expect(error.cause).to.include({ name: 'NotReadableError' });
      expect(server.received).to.deep.equal([]);
      await rm(dirname(file), { recursive: true });
    });

    for (const init of [{ body: 'GET has none' }, { method: 'TRACE' }, { headers: { 'bad name': '' } }]) {
      it(`refuses ${JSON.stringify(init)} before anything is sent`, async () => {
        const { server, call } = await openAPI(answers(answer(200)));
        const error = await rejection(call(path, init), TypeError);
        expect(error.message).to.include('init');
        expect(error.cause).to.be.instanceOf(TypeError);
        expect(server.received).to.have.length(0);
      });
    }

    it('refuses a timeout that is not a valid number', async () => {
      const { call } = await openAPI(answers(answer(200)));
      const error = await rejection(call(path, { timeout: 0 }), TypeError);
      expect(error.message).to.include('TokenSource.fetch: the option timeout');
    });
  });
});
