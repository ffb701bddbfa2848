// The app of the throughput rows: Express with sessions. Arguments: a strategy's name, the server's origin.
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { strategies } from './strategies.mjs';

const [name, origin] = process.argv.slice(2);
const authenticator = new passport.Passport();
authenticator.use('login', strategies({ origin, profile: true })[name]);
authenticator.serializeUser((user, done) => done(null, user.id));
authenticator.deserializeUser((id, done) => done(null, { id }));

const app = express();
app.use(session({ secret: 'for this run only', resave: false, saveUninitialized: false }));
app.get('/login', authenticator.authenticate('login'));
app.get('/auth/callback', authenticator.authenticate('login'), (_req, res) => res.send('signed in'));
const server = app.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
