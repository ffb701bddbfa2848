import Router from '@koa/router';
import Koa from 'koa';
import passport from 'koa-passport';
import session from 'koa-session';
import { CriteoStrategy, type CriteoStrategyOptions, type FailureInfo } from 'passport-criteo';
import { takeConsent } from './consent.js';

interface User {
  id: string;
  name: string;
}

export interface Settings {
  /** The URL of the application. */
  home: string;
  sessionSecret: string;
  /** How the Criteo app is registered. */
  criteo: Omit<CriteoStrategyOptions, 'callbackURL'> & { clientSecret: string };
  signingSecret: string | undefined;
}

export function createApp({ home, sessionSecret, criteo, signingSecret }: Settings): Koa {
  const app = new Koa();
  app.keys = [sessionSecret];
  app.use(session({ sameSite: 'lax' }, app));
  app.use(passport.initialize());
  app.use(passport.session());
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user: User, done) => done(null, user));

  passport.use(
    new CriteoStrategy({
      ...criteo,
      callbackURL: `${home}/criteo-auth/callback`,
      // Here an application finds or makes its user, and keeps the tokens.
      verify: async ({ profile }) => profile && { id: profile.id, name: profile.displayName },
    }),
  );

  const router = new Router();
  router.get('/criteo-auth', passport.authenticate('criteo'));
  router.get('/criteo-auth/callback', (ctx, next) => {
    const finish = async (error: unknown, user: User | false, info: FailureInfo) => {
      if (error) throw error;
      if (!user) return void Object.assign(ctx, { status: 401, type: 'text', body: `${info.code}: ${info.message}` });
      await ctx.logIn(user);
      ctx.redirect('/');
    };
    return passport.authenticate('criteo', finish)(ctx, next);
  });

  // Connects Criteo to whoever is signed in, and leaves them signed in.
  const authorize = passport.authorize('criteo', { callbackURL: `${home}/criteo-connect/callback` });
  router.get('/criteo-connect', authorize);
  router.get('/criteo-connect/callback', authorize, (ctx) => {
    const { account } = ctx.state as { account: User };
    const connected: string[] = ctx.session?.['connected'] ?? [];
    Object.assign(ctx.session ?? {}, { connected: [...connected, account.name] });
    ctx.redirect('/');
  });

  router.get('/', (ctx) => {
    const { user } = ctx.state as { user?: User };
    if (!user) ctx.body = '<a href="/criteo-auth">Sign in with Criteo</a>';
    else ctx.body = { user: user.name, connected: ctx.session?.['connected'] ?? [] };
  });

  const onConsent = async (event: { type: string; state?: string }) => console.log(`${event.type} for ${event.state}`);
  if (signingSecret) router.post('/criteo-consent', takeConsent(signingSecret, onConsent));
  app.use(router.routes());
  return app;
}
