import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { CriteoStrategy } from 'passport-criteo';
import { signedIn, users } from './users'; // yours: who is signed in, and where users are kept

export const app = express();
const { SESSION_SECRET = '', CRITEO_CLIENT_ID: clientID = '', CRITEO_CLIENT_SECRET: clientSecret = '' } = process.env;
const cookie = { httpOnly: true, sameSite: 'lax', secure: process.env['NODE_ENV'] === 'production' } as const;
app.use(session({ secret: SESSION_SECRET, resave: false, saveUninitialized: false, cookie }), passport.session());
passport.serializeUser((user, done) => done(null, users.idOf(user)));
passport.deserializeUser((id: string, done) => done(null, users.find(id)));
passport.use(
  new CriteoStrategy({
    clientID,
    clientSecret,
    callbackURL: 'https://app.example.com/criteo-connect/callback',
    verify: async ({ req, profile, tokens }) => users.link(req.user, profile, tokens),
  }),
);
const connect = passport.authorize('criteo', { failureRedirect: '/settings', failureMessage: true });
app.get('/criteo-connect', signedIn, connect);
app.get('/criteo-connect/callback', signedIn, connect, (_req, res) => res.redirect('/settings'));
