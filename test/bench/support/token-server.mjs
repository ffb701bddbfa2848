// A test server that issues tokens, in a separate process. Argument: the name of the server.
import { OAuth2Server } from 'oauth2-mock-server';
import { createSandbox } from 'passport-criteo/sandbox';

const servers = {
  async 'passport-criteo'() {
    const { endpoints, app } = await createSandbox();
    return { url: endpoints.tokenURL, client: { client_id: app.clientID, client_secret: app.clientSecret } };
  },
  async 'oauth2-mock-server'() {
    const server = new OAuth2Server();
    await server.issuer.keys.generate('RS256');
    await server.start(0, '127.0.0.1');
    return { url: `http://127.0.0.1:${server.address().port}/token`, client: {} };
  },
};

process.send(await servers[process.argv[2]]());
process.on('disconnect', () => process.exit());
