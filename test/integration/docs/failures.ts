import type { ErrorRequestHandler, Express } from 'express';
import type passport from 'passport';
import type { FailureInfo } from 'passport-criteo';

type Passport = InstanceType<typeof passport.Passport>;

export function mountFailures(app: Express, passport: Passport): void {
  app.get('/criteo-auth/callback', (req, res, next) => {
    // Not async: Passport does not wait for it, so a rejection could end the process.
    const finish: passport.AuthenticateCallback = (error, user, info) => {
      if (error) return next(error); // Criteo or the network: see the error handler below
      if (user) return req.logIn(user, (problem) => (problem ? next(problem) : res.redirect('/dashboard')));
      const { code, message } = info as FailureInfo;
      console.warn(`Criteo login failed: ${code}: ${message}`);
      res.redirect(code === 'access_denied' ? '/?declined' : '/login?again');
    };
    passport.authenticate('criteo', finish)(req, res, next);
  });

  const onError: ErrorRequestHandler = (error, _req, res, _next) => {
    const { status = 500, retryable, reauthorize } = error;
    const advice = retryable || reauthorize ? 'Start again, in a moment.' : 'We are on it.';
    res.status(status).send(`Criteo could not be reached. ${advice}`);
  };
  app.use(onError);
}
