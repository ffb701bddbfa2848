import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { CriteoStrategy } from 'passport-criteo';
import { users } from './users';

const app = express();
const { SESSION_SECRET = '', CRITEO_CLIENT_ID: clientID = '', CRITEO_CLIENT_SECRET: clientSecret = '' } = process.env;
app.use(session({ secret: SESSION_SECRET, resave: false, saveUninitialized: false }), passport.session());
passport.serializeUser((user, done) => done(null, user));
passport.deserializeUser((user: Express.User, done) => done(null, user));

passport.use(
  new CriteoStrategy({
    clientID,
    clientSecret,
    callbackURL: 'https://app.example.com/criteo-auth/callback',
    verify: async ({ profile, tokens }) => users.save(profile, tokens),
  }),
);

app.get('/criteo-auth', passport.authenticate('criteo'));
app.get('/criteo-auth/callback', passport.authenticate('criteo', { failureRedirect: '/login' }), (_req, res) => {
  res.redirect('/dashboard');
});

export { app };
