// Starts the app of the README, with pages that show what it knows.
import { app } from './app.js';
import { signIn } from './users.js';

app.get('/sign-in', signIn);
app.get(['/dashboard', '/settings', '/login'], (req, res) => {
  const { messages } = req.session as { messages?: string[] };
  res.json({ path: req.path, user: req.user, messages });
});
app.listen(Number(process.env['PORT']), 'localhost', () => console.log('Open http'));
