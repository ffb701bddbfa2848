import { expect } from 'chai';
import { type ReadRefusal, TokenClient } from '../../lib/criteo/token-request';
import { CriteoTokenError, CriteoTransportError } from '../../lib/errors';
import { expectNoSecret, rejection } from '../support/errors';
import { answer, answers, head, opener } from '../support/loopback';
import { warningsOf } from '../support/warnings';

const refreshToken = 'r3fresh+token/of=months&x';
const clientSecret = 's3cr3t+of/the=app';
const settings = { clientID: 'client-1', clientSecret, timeout: 1000 };
const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
const success = { access_token: 'at-1', token_type: 'Bearer', expires_in: 900, refresh_token: 'rt-1' };

describe('A token request', () => {
  const open = opener();

  async function request(text: string, more: { headers?: Record<string, string>; readRefusal?: ReadRefusal } = {}) {
    const server = await open(answers(text));
    const client = Object.assign(new TokenClient(), { ...settings, headers: more.headers });
    return { server, response: client.request(server.url(), { ...form }, { readRefusal: more.readRefusal }) };
  }

  it('returns the fields of the response too, except the refresh token', async () => {
    const { response } = await request(answer(200, { ...success, scope: 'x', ['__proto__x']: 1 }));
    const { params } = await response;
    expect(params).to.eql({ access_token: 'at-1', token_type: 'Bearer', expires_in: 900, scope: 'x', __proto__x: 1 });
  });

  it('sends the given headers, except those that it sets itself', async () => {
    const headers = { 'X-Team': 'ads', 'Content-Type': 'text/plain' };
    const { response, server } = await request(answer(200, success), { headers });
    await response;
    expect(server.received[0]?.headers).to.include({
      'x-team': 'ads',
      'content-type': 'application/x-www-form-urlencoded',
    });
  });

  it('passes the body of a refusal without secrets to the function that makes the error', async () => {
    const seen: unknown[] = [];
    const mine = new Error('mine');
    const readRefusal = (...args: unknown[]): unknown => {
      seen.push(args);
      return mine;
    };
    const text = answer(400, { error: 'invalid_grant', more: `for ${refreshToken}` });
    const { response } = await request(text, { readRefusal });
    expect(await rejection(response, Error)).to.equal(mine);
    expect(seen).to.have.length(1);
    const [body, status] = seen[0] as [string, number];
    expect(status).to.equal(400);
    expect(body).to.include('invalid_grant').and.not.include(refreshToken);
  });

  it('masks credentials that look like words in that body', async () => {
    const words = { code: 'corncrake', code_verifier: 'nightingale', refresh_token: 'woodpecker' };
    const server = await open((socket, { body }) =>
      socket.write(answer(400, { error: 'invalid_request', more: Object.fromEntries(new URLSearchParams(body)) })),
    );
    const client = Object.assign(new TokenClient(), { ...settings, clientSecret: 'kingfisher' });
    let body = '';
    const readRefusal = (text: string): void => {
      body = text;
    };
    await rejection(client.request(server.url(), { ...words }, { readRefusal }), CriteoTokenError);
    const masked = { code: '[redacted]', code_verifier: '[redacted]', refresh_token: '[redacted]' };
    const more = { ...masked, client_id: 'client-1', client_secret: '[redacted]' };
    expect(JSON.parse(body)).to.eql({ error: 'invalid_request', more });
  });

  it('makes the error itself if that function returns none', async () => {
    const { response } = await request(answer(400, { error: 'invalid_grant' }), { readRefusal: () => undefined });
    const error = await rejection(response, CriteoTokenError);
    expect(error).to.include({ code: 'invalid_grant' });
    expectNoSecret(error, clientSecret, refreshToken);
  });

  it('calls that function for an empty body, and not for a request without a valid response', async () => {
    const seen: unknown[] = [];
    const readRefusal = (body: string): void => void seen.push(body);
    await rejection((await request(answer(400), { readRefusal })).response, CriteoTransportError);
    await rejection((await request('nonsense\r\n\r\n', { readRefusal })).response, CriteoTransportError);
    expect(seen).to.eql(['']);
  });

  it('says to start the login again, because a code is sent once', async () => {
    const server = await open((socket) => socket.end(head(200, { 'content-length': 100 })));
    const client = Object.assign(new TokenClient(), settings);
    const request = (form: Record<string, string>) => client.request(server.url(), { ...form });
    const code = { grant_type: 'authorization_code', code: 'c0de' };
    const error = await rejection(request(code), CriteoTransportError);
    expect(error).to.include({ code: 'response_truncated', retryable: true });
    expect(error.message).to.include('Start the login again');
    expect((await rejection(request(form), CriteoTransportError)).message).not.to.include('login');
  });
});

describe('TokenClient', () => {
  const open = opener();

  it('warns once of each wrong field, without its value', async () => {
    const server = await open(answers(answer(200, { ...success, expires_in: 's3cr3t', refresh_token: ['s3cr3t'] })));
    const client = new TokenClient();
    const warnings = await warningsOf(async () => {
      for (let i = 0; i < 3; i += 1) {
        const { tokens } = await client.request(server.url(), { grant_type: 'client_credentials' });
        expect(tokens).to.include({ accessToken: 'at-1' }).and.not.have.property('refreshToken');
        expect(tokens.expiresAt - tokens.obtainedAt).to.equal(60_000);
      }
    });
    expect(warnings.map(({ code }) => code)).to.eql(['CRITEO_TOKEN_RESPONSE', 'CRITEO_TOKEN_RESPONSE']);
    expect(warnings.map(({ message }) => message.match(/expires_in|refresh_token/)?.[0])).to.have.members([
      'expires_in',
      'refresh_token',
    ]);
    for (const warning of warnings) expectNoSecret(warning, 's3cr3t');
  });
});
