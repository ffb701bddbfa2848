import cookieSession from 'cookie-session';
import type { Express } from 'express';
import type passport from 'passport';

type Passport = InstanceType<typeof passport.Passport>;

export function mountCookieSession(app: Express, passport: Passport, secret: string): void {
  const secure = process.env['NODE_ENV'] === 'production';
  app.use(cookieSession({ name: 'session', keys: [secret], httpOnly: true, sameSite: 'lax', secure }));
  // Passport calls both at login and logout. regenerate empties the session; save does nothing, as cookie-session saves.
  app.use((req, _res, next) => {
    const session = req.session ?? {};
    const regenerate = (done: () => void) => {
      for (const name of Object.keys(session)) Reflect.deleteProperty(session, name);
      done();
    };
    const save = (done: () => void) => done();
    Object.defineProperties(session, { regenerate: { value: regenerate }, save: { value: save } });
    next();
  });
  app.use(passport.session());
}
