// The rest of the package, beside the login: tokens and consents, against the sandbox.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { CriteoClient, CriteoStrategy, consentCallback, createConsentURL, TokenSource } from 'passport-criteo';
import { createSandbox } from 'passport-criteo/sandbox';

let granted;
const server = createServer((req, res) => takeConsent(req, res)).listen(0, '127.0.0.1');
await once(server, 'listening');
const home = `http://127.0.0.1:${server.address().port}`;
const sandbox = await createSandbox({ app: { callbackURL: home } });
const { clientID, clientSecret, signingKey: key, signingSecret: secret } = sandbox.app;
const onConsent = async ({ advertisers }) => {
  granted = advertisers;
};
const takeConsent = consentCallback({ secret, onConsent });

const consentURL = sandbox.endpoints.authorizationURL;
const link = createConsentURL({ key, secret, state: '1', redirectURI: `${home}/done`, consentURL });
await sandbox.approve(link, { advertisers: ['13'] });

const client = new CriteoClient({ clientID, clientSecret, apiURL: sandbox.endpoints.apiURL });
const machine = new TokenSource({ client, grant: 'client_credentials' });
const { status } = await machine.fetch(undefined, '/2026-07/advertisers/me');

const redirectURI = `${home}/callback`;
const login = new URL(consentURL);
login.search = new URLSearchParams({
  response_type: 'code',
  client_id: clientID,
  redirect_uri: redirectURI,
  state: '1',
});
const code = new URL(await sandbox.approve(login)).searchParams.get('code');
const first = await client.exchangeCode({ code, redirectURI });
const people = new TokenSource({ client });
await people.save('ada', first);
await people.accessToken('ada', { force: first.accessToken });
const strategy = new CriteoStrategy({
  ...sandbox.app,
  ...sandbox.endpoints,
  callbackURL: redirectURI,
  verify: () => null,
});
await strategy.refresh(first.refreshToken);
const refreshed = sandbox.requests.filter(({ form }) => form.grant_type === 'refresh_token').length;

console.log(`refreshed ${refreshed}, fetched ${status}, granted ${granted.map(({ id }) => id)}`);
server.close();
await sandbox.close();
