import cookie from '@fastify/cookie';
import { Authenticator } from '@fastify/passport';
import secureSession from '@fastify/secure-session';
import session from '@fastify/session';
import fastify, { type FastifyInstance } from 'fastify';
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
  /** Whether sessions are kept on the server (@fastify/session) or in a cookie (@fastify/secure-session). */
  sessions: 'server' | 'cookie';
  /** How the Criteo app is registered. */
  criteo: Omit<CriteoStrategyOptions, 'callbackURL'> & { clientSecret: string };
  signingSecret: string | undefined;
}

export async function createApp({ home, sessionSecret, sessions, criteo, signingSecret }: Settings) {
  const app: FastifyInstance = fastify();
  const secure = home.startsWith('https:');
  if (sessions === 'server') {
    await app.register(cookie);
    await app.register(session, { secret: sessionSecret, cookie: { secure, sameSite: 'lax' } });
  } else {
    const options = { secret: sessionSecret, salt: 'passport-criteo!' };
    await app.register(secureSession, { ...options, cookie: { path: '/', httpOnly: true, secure, sameSite: 'lax' } });
  }
  const passport = new Authenticator();
  await app.register(passport.initialize());
  await app.register(passport.secureSession());
  passport.registerUserSerializer(async (user: User) => user);
  passport.registerUserDeserializer(async (user: User) => user);

  passport.use(
    new CriteoStrategy({
      ...criteo,
      callbackURL: `${home}/criteo-auth/callback`,
      // Here an application finds or makes its user, and keeps the tokens.
      verify: async ({ profile }) => profile && { id: profile.id, name: profile.displayName },
    }),
  );

  app.get('/criteo-auth', { preValidation: passport.authenticate('criteo') }, () => {});
  const finish = passport.authenticate('criteo', async (request, reply, error, user, info) => {
    if (error) throw error;
    if (!user) {
      const { code, message } = info as FailureInfo;
      return reply.code(401).type('text/plain').send(`${code}: ${message}`);
    }
    await request.logIn(user);
    return reply.redirect('/');
  });
  app.get('/criteo-auth/callback', { preValidation: finish }, () => {});

  // Connects Criteo to whoever is signed in, and leaves them signed in.
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
