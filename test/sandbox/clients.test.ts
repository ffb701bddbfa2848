import { expect } from 'chai';
import * as oauth from 'oauth4webapi';
import { AuthorizationCode, ClientCredentials } from 'simple-oauth2';
import type { Sandbox } from '../../lib/sandbox';
import { opener, redirectURI } from './support';

// Two OAuth clients that know nothing of this project: what they can do with the sandbox, any client can.
describe('sandbox: OAuth clients of others', () => {
  const open = opener();

  describe('oauth4webapi', () => {
    const insecure = { [oauth.allowInsecureRequests]: true };

    function prepare(sandbox: Sandbox, { secret = sandbox.app.clientSecret } = {}) {
      const { authorizationURL, tokenURL } = sandbox.endpoints;
      const server = { issuer: sandbox.url, authorization_endpoint: authorizationURL, token_endpoint: tokenURL };
      return { server, client: { client_id: sandbox.app.clientID }, authentication: oauth.ClientSecretPost(secret) };
    }

    async function callback(sandbox: Sandbox, query: Record<string, string> = {}): Promise<URL> {
      const url = new URL(sandbox.endpoints.authorizationURL);
      const required = {
        response_type: 'code',
        client_id: sandbox.app.clientID,
        redirect_uri: redirectURI,
        state: 's',
      };
      url.search = new URLSearchParams({ ...required, ...query }).toString();
      return new URL(await sandbox.approve(url));
    }

    for (const pkce of [false, true]) {
      it(`exchanges a code ${pkce ? 'with' : 'without'} PKCE, and refreshes`, async () => {
        const sandbox = await open({ app: { pkce } });
        const { server, client, authentication } = prepare(sandbox);
        const verifier = oauth.generateRandomCodeVerifier();
        const code_challenge = await oauth.calculatePKCECodeChallenge(verifier);
        const back = await callback(sandbox, pkce ? { code_challenge, code_challenge_method: 'S256' } : {});
        const parameters = oauth.validateAuthResponse(server, client, back, 's');
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          authentication,
          parameters,
          redirectURI,
          pkce ? verifier : oauth.nopkce,
          insecure,
        );
        const tokens = await oauth.processAuthorizationCodeResponse(server, client, response);
        expect(tokens.expires_in).to.equal(900);
        const refreshed = await oauth.refreshTokenGrantRequest(
          server,
          client,
          authentication,
          tokens.refresh_token ?? '',
          insecure,
        );
        const fresh = await oauth.processRefreshTokenResponse(server, client, refreshed);
        expect(fresh.access_token).to.be.a('string').and.not.equal(tokens.access_token);
      });
    }

    it('gets a token for the app itself, if the response has no refresh token of null', async () => {
      const sandbox = await open();
      const { server, client, authentication } = prepare(sandbox);
      const ask = async () => {
        const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, {}, insecure);
        return oauth.processClientCredentialsResponse(server, client, response);
      };
      // Criteo documents the null, and this client is too strict for it.
      expect(await ask().catch(String)).to.contain('"refresh_token" property must be a string');
      sandbox.fault({ on: 'token', omitRefreshToken: true });
      expect(await ask()).to.include({ token_type: 'bearer', expires_in: 900 });
    });

    /** Sends any grant, and returns the error that the client makes of the response. */
    async function refusal(sandbox: Sandbox, grant: string, fields: Record<string, string>, secret?: string) {
      const { server, client, authentication } = prepare(sandbox, secret === undefined ? {} : { secret });
      const response = await oauth.genericTokenEndpointRequest(server, client, authentication, grant, fields, insecure);
      const error: unknown = await oauth.processGenericTokenEndpointResponse(server, client, response).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(oauth.ResponseBodyError);
      return (error as oauth.ResponseBodyError).error;
    }

    /** A code, as fields of its exchange. */
    async function codeFields(sandbox: Sandbox, query: Record<string, string> = {}) {
      const code = (await callback(sandbox, query)).searchParams.get('code') ?? '';
      return { code, redirect_uri: redirectURI };
    }

    const challenge = { code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' };
    const code = 'authorization_code';
    const refusals: [string, (sandbox: Sandbox) => Promise<string>, string][] = [
      ['a wrong secret', (sandbox) => refusal(sandbox, 'client_credentials', {}, 'wrong'), 'invalid_client'],
      ['a grant that there is not', (sandbox) => refusal(sandbox, 'password', {}), 'unsupported_grant_type'],
      ['an exchange without a code', (sandbox) => refusal(sandbox, code, {}), 'invalid_request'],
      [
        'a code that was never given',
        (sandbox) => refusal(sandbox, code, { code: 'x', redirect_uri: redirectURI }),
        'invalid_grant',
      ],
      [
        'a code that is sent twice',
        async (sandbox) => {
          const fields = await codeFields(sandbox);
          const { server, client, authentication } = prepare(sandbox);
          await oauth.genericTokenEndpointRequest(server, client, authentication, code, fields, insecure);
          return refusal(sandbox, code, fields);
        },
        'invalid_grant',
      ],
      [
        'a code after 30 seconds',
        async (sandbox) => {
          const fields = await codeFields(sandbox);
          sandbox.advance(30_001);
          return refusal(sandbox, code, fields);
        },
        'invalid_grant',
      ],
      [
        'another redirect URI than the one of the consent',
        async (sandbox) => {
          const fields = await codeFields(sandbox);
          return refusal(sandbox, code, { ...fields, redirect_uri: 'https://other.example/' });
        },
        'invalid_grant',
      ],
      [
        'a wrong code verifier',
        async (sandbox) => {
          sandbox.setVariants({ pkceWithoutSwitch: 'checked' });
          const fields = await codeFields(sandbox, challenge);
          return refusal(sandbox, code, { ...fields, code_verifier: 'y'.repeat(43) });
        },
        'invalid_grant',
      ],
      [
        'a refresh token that was never given',
        (sandbox) => refusal(sandbox, 'refresh_token', { refresh_token: 'x' }),
        'invalid_grant',
      ],
      [
        'a refresh token whose consent was revoked',
        async (sandbox) => {
          const { tokens } = sandbox.grant({ kind: 'login' });
          await sandbox.revoke();
          return refusal(sandbox, 'refresh_token', { refresh_token: tokens?.refreshToken ?? '' });
        },
        'invalid_grant',
      ],
      [
        'a refresh token after six months',
        async (sandbox) => {
          const { tokens } = sandbox.grant({ kind: 'login' });
          sandbox.advance(190 * 86_400_000);
          return refusal(sandbox, 'refresh_token', { refresh_token: tokens?.refreshToken ?? '' });
        },
        'invalid_grant',
      ],
    ];
    for (const [what, work, error] of refusals) {
      it(`understands that ${what} is refused: ${error}`, async () => {
        expect(await work(await open())).to.equal(error);
      });
    }

    it('understands that the user denied', async () => {
      const sandbox = await open();
      const { server, client } = prepare(sandbox);
      const url = new URL(sandbox.endpoints.authorizationURL);
      url.search = `?response_type=code&client_id=${client.client_id}&redirect_uri=${redirectURI}&state=s`;
      const denied = new URL(await sandbox.deny(url));
      expect(() => oauth.validateAuthResponse(server, client, denied, 's')).to.throw(oauth.AuthorizationResponseError);
    });
  });

  describe('simple-oauth2', () => {
    const configuration = (sandbox: Sandbox, secret = sandbox.app.clientSecret) => ({
      client: { id: sandbox.app.clientID, secret },
      auth: { tokenHost: sandbox.url, tokenPath: '/oauth2/token' },
      options: { authorizationMethod: 'body' as const },
    });

    const withConsentPage = (sandbox: Sandbox) => {
      const { auth, ...rest } = configuration(sandbox);
      return { ...rest, auth: { ...auth, authorizePath: '/request' } };
    };

    it('exchanges a code, and refreshes', async () => {
      const sandbox = await open({ now: Date.now });
      const client = new AuthorizationCode(withConsentPage(sandbox));
      const back = new URL(await sandbox.approve(client.authorizeURL({ redirect_uri: redirectURI, state: 'a b' })));
      expect(back.searchParams.get('state')).to.equal('a b');
      const code = back.searchParams.get('code') ?? '';
      const tokens = await client.getToken({ code, redirect_uri: redirectURI });
      expect(tokens.expired()).to.equal(false);
      const fresh = await tokens.refresh();
      expect(fresh.token['access_token']).to.be.a('string').and.not.equal(tokens.token['access_token']);
      const again = await client.getToken({ code, redirect_uri: redirectURI }).catch((error: unknown) => error);
      expect(Object(again).data.payload).to.include({ error: 'invalid_grant' });
    });

    it('gets a token of its own, and is refused with a wrong secret', async () => {
      const sandbox = await open({ now: Date.now });
      const { token } = await new ClientCredentials(configuration(sandbox)).getToken({});
      expect(token['access_token']).to.be.a('string');
      const error = await new ClientCredentials(configuration(sandbox, 'wrong')).getToken({}).catch((e: unknown) => e);
      expect(Object(error).data.payload).to.include({ error: 'invalid_client' });
    });
  });
});
