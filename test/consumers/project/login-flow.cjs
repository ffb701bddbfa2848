// One login over HTTP: the app on loopback, the sandbox for Criteo, the person by fetch.
exports.run = async ({ express, session, passport, CriteoStrategy, createSandbox }) => {
  const sandbox = await createSandbox();
  const app = express();
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const home = `http://127.0.0.1:${server.address().port}`;
  passport.use(
    new CriteoStrategy({
      ...sandbox.app,
      ...sandbox.endpoints,
      callbackURL: `${home}/criteo-auth/callback`,
      verify: async ({ profile }) => ({ name: profile.displayName }),
    }),
  );
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser((user, done) => done(null, user));
  app.use(session({ secret: 'for this run only', resave: false, saveUninitialized: false }), passport.session());
  app.get('/criteo-auth', passport.authenticate('criteo'));
  app.get('/criteo-auth/callback', passport.authenticate('criteo'), (req, res) =>
    res.send(`signed in as ${req.user.name}`),
  );

  const login = await fetch(`${home}/criteo-auth`, { redirect: 'manual' });
  const [cookie] = login.headers.get('set-cookie').split(';');
  const back = await sandbox.approve(login.headers.get('location'));
  const said = await (await fetch(back, { headers: { cookie } })).text();
  server.close();
  server.closeAllConnections();
  await sandbox.close();
  return said;
};
