import google from 'google-auth-library';
import { CriteoClient, TokenSource } from 'passport-criteo';
import refresh from 'passport-oauth2-refresh';
import { AuthorizationCode } from 'simple-oauth2';
import { startServer } from '../support/processes.mjs';
import { strategies } from '../support/strategies.mjs';

const CALLERS = 1000;
const refreshToken = 'refresh-1';

/** Measures many concurrent callers that need a token of one connection whose access token has expired. */
export async function measure() {
  const server = await startServer();
  const { origin } = server;
  const storm = async (call) => {
    await server.counts();
    const began = performance.now();
    await Promise.all(Array.from({ length: CALLERS }, call));
    return { took: performance.now() - began, requests: (await server.counts()).requests };
  };

  const client = new CriteoClient({
    clientID: 'client-1',
    clientSecret: 'secret-1',
    apiURL: origin,
    tokenURL: `${origin}/token`,
  });
  const source = new TokenSource({ client });
  const over = {
    accessToken: 'access-0',
    tokenType: 'Bearer',
    obtainedAt: Date.now() - 900_000,
    expiresAt: Date.now(),
  };
  await source.save('user-1', { ...over, refreshToken });
  refresh.use('google', strategies({ origin })['passport-google-oauth20']);
  const simple = new AuthorizationCode({
    client: { id: 'client-1', secret: 'secret-1' },
    auth: { tokenHost: origin, tokenPath: '/token' },
  }).createToken({ access_token: 'access-0', refresh_token: refreshToken, expires_in: 0 });
  const googleClient = new google.OAuth2Client({
    clientId: 'client-1',
    clientSecret: 'secret-1',
    endpoints: { oauth2TokenUrl: `${origin}/token` },
  });
  googleClient.setCredentials({ access_token: 'access-0', refresh_token: refreshToken, expiry_date: 1 });

  const ours = await storm(() => source.accessToken('user-1'));
  const others = {
    'passport-oauth2-refresh': await storm(
      () =>
        new Promise((resolve, reject) => {
          refresh.requestNewAccessToken('google', refreshToken, (error, token) =>
            error ? reject(error) : resolve(token),
          );
        }),
    ),
    'simple-oauth2': await storm(() => simple.refresh()),
    'google-auth-library': await storm(() => googleClient.getAccessToken()),
  };
  server.stop();
  const figure = ({ requests, took }) => `${requests} (${took.toFixed(0)} ms)`;
  return Object.entries(others).map(([beside, other]) => ({
    what: 'refresh storm, 1,000 callers: requests',
    ours: figure(ours),
    beside,
    theirs: figure(other),
    value: ours.requests,
    aim: 1,
  }));
}
