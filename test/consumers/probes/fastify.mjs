// What a login route answers where the framework gives the strategy less than it needs, and with what it needs.
import { Authenticator } from '@fastify/passport';
import secureSession from '@fastify/secure-session';
import fastify from 'fastify';
import { CookieStateStore, CriteoStrategy } from 'passport-criteo';

const registered = { clientID: 'id', clientSecret: 'secret', callbackURL: 'https://app.example.com/callback' };

async function answer({ hook }) {
  const app = fastify();
  const passport = new Authenticator();
  const secret = 'a secret of more than 32 characters';
  await app.register(secureSession, { secret, salt: 'passport-criteo!' });
  await app.register(passport.initialize());
  if (hook) {
    app.addHook('onRequest', async (request, reply) => {
      request.res = reply;
    });
  }
  const store = new CookieStateStore({ secret });
  passport.use(new CriteoStrategy({ ...registered, store, verify: () => null }));
  app.get('/', { preValidation: passport.authenticate('criteo') }, () => 'not reached');
  const { statusCode, body, cookies } = await app.inject('/');
  await app.close();
  return statusCode === 302
    ? `sent to Criteo, with ${cookies.map(({ name }) => name.split('.')[0])}`
    : JSON.parse(body).message;
}

console.log(
  JSON.stringify({
    'no res': await answer({ hook: false }),
    'with res': await answer({ hook: true }),
  }),
);
