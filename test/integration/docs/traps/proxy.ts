import type { Express } from 'express';
import session from 'express-session';

export function mountBehindProxy(app: Express, secret: string): void {
  app.set('trust proxy', 1); // one proxy, which sets X-Forwarded-Proto
  const cookie = { httpOnly: true, sameSite: 'lax', secure: true } as const;
  app.use(session({ secret, resave: false, saveUninitialized: false, cookie }));
}
