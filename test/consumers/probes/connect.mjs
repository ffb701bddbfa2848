// What a login route answers where the framework gives the strategy less than it needs.
import { once } from 'node:events';
import connect from 'connect';
import passport from 'passport';
import { CookieStateStore, CriteoStrategy } from 'passport-criteo';

const registered = { clientID: 'id', clientSecret: 'secret', callbackURL: 'https://app.example.com/callback' };

async function answer(store) {
  const authenticator = new passport.Passport();
  authenticator.use(new CriteoStrategy({ ...registered, store, verify: () => null }));
  const app = connect();
  app.use(authenticator.authenticate('criteo'));
  app.use((error, _req, res, _next) => res.end(error.message));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const response = await fetch(`http://127.0.0.1:${server.address().port}`);
  const text = await response.text();
  server.close();
  return text;
}

const cookies = new CookieStateStore({ secret: 'a secret of more than 32 characters' });
console.log(JSON.stringify({ 'no session': await answer(), 'no res': await answer(cookies) }));
