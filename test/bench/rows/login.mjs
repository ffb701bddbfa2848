import { Agent, request } from 'node:http';
import { startServer } from '../support/processes.mjs';
import { compared, race } from '../support/race.mjs';
import { login, strategies } from '../support/strategies.mjs';

const floor = 'two bare requests of node:http';

/** A whole login, connections warm: both legs, the token request and the profile request over loopback. */
export async function measure() {
  const server = await startServer();
  const agent = new Agent({ keepAlive: true });
  const bare = async () => {
    await ask(agent, `${server.origin}/token`, 'POST', 'grant_type=authorization_code&code=code-1');
    await ask(agent, `${server.origin}/profile`, 'GET');
  };
  const cases = { [floor]: bare };
  for (const [name, strategy] of Object.entries(strategies({ origin: server.origin, profile: true }))) {
    cases[name] = () => login(strategy);
  }
  // Only after thousands of logins has V8 compiled what it will.
  const times = await race(cases, { calls: 40, warmUp: 120 });
  server.stop();
  return compared('whole login, loopback, warm', times, { [floor]: 1.1, 'passport-google-oauth20': 1 });
}

function ask(agent, url, method, body) {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, agent, headers: { Authorization: 'Bearer access-1' } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve(JSON.parse(text)));
    });
    sent.on('error', reject).end(body);
  });
}
