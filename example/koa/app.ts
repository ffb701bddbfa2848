import Router from '@koa/router';
import Koa from 'koa';
import passport from 'koa-passport';
import session from 'koa-session';
import { CriteoStrategy, type CriteoStrategyOptions, type FailureInfo, type TokenSet } from 'passport-criteo';
import { takeConsent } from './consent.js';

interface User {
  id: string;
  name: string;
  tokens: TokenSet;
}

export interface Settings {
  /** The app's URL. */
  home: string;
  sessionSecret: string;
  /** The settings of the Criteo app. */
  criteo: Omit<CriteoStrategyOptions, 'callbackURL'> & { clientSecret: string };
  signingSecret: string | undefined;
}

export function createApp({ home, sessionSecret, criteo, signingSecret }: Settings): Koa {
  const app = new Koa();
  app.keys = [sessionSecret];
  // Behind a proxy that ends TLS, set `app.proxy = true`: koa-session sets no Secure cookie over http.
  app.use(session({ httpOnly: true, sameSite: 'lax', secure: home.startsWith('https:') }, app));
  app.use(passport.initialize());
  app.use(passport.session());
  // Replace this Map with your database. The session contains the user's id only: not the user, and no tokens.
  const users = new Map<string, User>();
  passport.serializeUser((user, done) => done(null, (user as User).id));
  passport.deserializeUser((id: string, done) => done(null, users.get(id) ?? false));

  passport.use(
    new CriteoStrategy({
      ...criteo,
      callbackURL: `${home}/criteo-auth/callback`,
      verify: async ({ profile, tokens }) => {
        if (!profile) return false;
        const user = { id: profile.id, name: profile.displayName, tokens };
        users.set(user.id, user);
        return user;
      },
    }),
  );

  const router = new Router();
  router.get('/criteo-auth', passport.authenticate('criteo'));
  router.get('/criteo-auth/callback', (ctx, next) => {
    const finish = async (error: unknown, user: User | false, info: FailureInfo) => {
      if (error) throw error;
      if (user) {
        // Starts a new session at sign-in, because koa-session's own regenerate keeps the content of the old one.
        Object.assign(ctx, { session: {} });
        await ctx.logIn(user);
        return ctx.redirect('/');
      }
      console.warn(`Criteo login failed: ${info.code}`);
      Object.assign(ctx, { status: 401, type: 'text', body: `${info.code}: ${info.message}` });
    };
    return passport.authenticate('criteo', finish)(ctx, next);
  });

  // Connects Criteo to the signed-in user. The session does not change.
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
