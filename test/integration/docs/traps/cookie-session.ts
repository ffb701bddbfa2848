import cookieSession from 'cookie-session';
import type { Express } from 'express';
import type passport from 'passport';

type Passport = InstanceType<typeof passport.Passport>;

export function mountsCookieSession(app: Express, passport: Passport, secret: string): void {
  app.use(cookieSession({ name: 'session', keys: [secret], sameSite: 'lax' }));
  // Passport calls both at login and logout. The session is the cookie: there is nothing to do for either.
  app.use((req, _res, next) => {
    const nothing = (callback: () => void) => callback();
    Object.defineProperties(req.session ?? {}, { regenerate: { value: nothing }, save: { value: nothing } });
    next();
  });
  app.use(passport.session());
}
