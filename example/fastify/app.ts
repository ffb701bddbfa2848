import cookie from '@fastify/cookie';
import { Authenticator } from '@fastify/passport';
import secureSession from '@fastify/secure-session';
import session from '@fastify/session';
import fastify, { type FastifyInstance } from 'fastify';
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
  /** Where sessions are kept: on the server (@fastify/session) or in a cookie (@fastify/secure-session). */
  sessions: 'server' | 'cookie';
  /** The settings of the Criteo app. */
  criteo: Omit<CriteoStrategyOptions, 'callbackURL'> & { clientSecret: string };
  signingSecret: string | undefined;
}

export async function createApp({ home, sessionSecret, sessions, criteo, signingSecret }: Settings) {
  const app: FastifyInstance = fastify();
  const secure = home.startsWith('https:');
  if (sessions === 'server') {
    await app.register(cookie);
    await app.register(session, { secret: sessionSecret, cookie: { httpOnly: true, secure, sameSite: 'lax' } });
  } else {
    const options = { secret: sessionSecret, salt: 'passport-criteo!' };
    await app.register(secureSession, { ...options, cookie: { path: '/', httpOnly: true, secure, sameSite: 'lax' } });
  }
  const passport = new Authenticator();
  await app.register(passport.initialize());
  await app.register(passport.secureSession());
  // Replace this Map with your database. The session contains the user's id only: not the user, and no tokens.
  const users = new Map<string, User>();
  passport.registerUserSerializer(async (user: User) => user.id);
  passport.registerUserDeserializer(async (id: string) => users.get(id) ?? null);

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

  app.get('/criteo-auth', { preValidation: passport.authenticate('criteo') }, () => {});
  const finish = passport.authenticate('criteo', async (request, reply, error, user, info) => {
    if (error) throw error;
    if (!user) {
      const { code, message } = info as FailureInfo;
      console.warn(`Criteo login failed: ${code}`);
      return reply.code(401).type('text/plain').send(`${code}: ${message}`);
    }
    await request.logIn(user);
    return reply.redirect('/');
  });
  app.get('/criteo-auth/callback', { preValidation: finish }, () => {});

  // Connects Criteo to the signed-in user. The session does not change.
  const options: object = { callbackURL: `${home}/criteo-connect/callback` };
  const preValidation = passport.authorize('criteo', options);
  app.get('/criteo-connect', { preValidation }, () => {});
  app.get('/criteo-connect/callback', { preValidation }, (request, reply) => {
    const { name } = request.account as User;
    request.session.set('connected', [...(request.session.get('connected') ?? []), name]);
    return reply.redirect('/');
  });

  app.get('/', (request, reply) => {
    const user = request.user as User | undefined;
    if (!user) return reply.type('text/html').send('<a href="/criteo-auth">Sign in with Criteo</a>');
    return { user: user.name, connected: request.session.get('connected') ?? [] };
  });

  const onConsent = async (event: { type: string; state?: string }) => console.log(`${event.type} for ${event.state}`);
  if (signingSecret) await app.register(takeConsent(signingSecret, onConsent));
  return app;
}

declare module 'fastify' {
  interface Session {
    connected?: string[];
  }
}
declare module '@fastify/secure-session' {
  interface SessionData {
    connected?: string[];
  }
}
