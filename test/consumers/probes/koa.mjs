// What a login route answers where the framework gives the strategy less than it needs, and with what it needs.
import { once } from 'node:events';
import Koa from 'koa';
import koaPassport from 'koa-passport';
import { CookieStateStore, CriteoStrategy } from 'passport-criteo';

const registered = { clientID: 'id', clientSecret: 'secret', callbackURL: 'https://app.example.com/callback' };

async function answer(store) {
  const passport = new koaPassport.KoaPassport();
  passport.use(new CriteoStrategy({ ...registered, store, verify: () => null }));
  const app = new Koa();
  app.use((ctx, next) =>
    next().catch((error) => {
      ctx.body = error.message;
    }),
  );
  app.use(passport.initialize());
  app.use(passport.authenticate('criteo'));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const response = await fetch(`http://127.0.0.1:${server.address().port}`, { redirect: 'manual' });
  const text = await response.text();
  server.close();
  const names = response.headers.getSetCookie().map((line) => line.split(/[.=]/)[0]);
  return response.status === 302 ? `sent to Criteo, with ${names}` : text;
}

const cookies = new CookieStateStore({ secret: 'a secret of more than 32 characters' });
console.log(JSON.stringify({ 'no session': await answer(), cookies: await answer(cookies) }));
