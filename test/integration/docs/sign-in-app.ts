import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { CriteoStrategy } from 'passport-criteo';
import { users } from './users'; // yours

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
    callbackURL: 'https://app.example.com/criteo-auth/callback',
    requireUserProfile: true, // so that profile is never undefined
    verify: async ({ profile, tokens }) => users.save(profile, tokens),
  }),
);

const signIn = passport.authenticate('criteo', { failureRedirect: '/login', failureMessage: true });
app.get('/criteo-auth', signIn);
app.get('/criteo-auth/callback', signIn, (_req, res) => res.redirect('/dashboard'));
