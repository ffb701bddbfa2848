import { Agent, request } from 'node:http';
import { inMemory } from '../support/in-memory.mjs';
import { startServer } from '../support/processes.mjs';
import { compared, race } from '../support/race.mjs';
import { login, strategies } from '../support/strategies.mjs';

const floor = 'two bare requests of node:http';

/** Measures a whole login with open connections: redirect, callback, token request and profile request. */
export async function measure() {
  const server = await startServer();
  const aims = { [floor]: 1.1, 'passport-google-oauth20': 1 };
  const overLoopback = await times(server.origin, strategies({ origin: server.origin, profile: true }), usual());
  server.stop();
  return [
    ...compared('whole login, loopback, warm', overLoopback, aims),
    ...compared('the same, sockets in memory', await timesInMemory('http://127.0.0.1:9')),
  ];
}

/** Makes an agent like node's default one. */
const usual = () => new Agent({ keepAlive: true, scheduling: 'lifo', timeout: 5000 });

/** Measures with sockets in memory: the noise of the kernel and the other process is larger than the differences. */
function timesInMemory(origin) {
  // openid-client uses fetch, which has no option for an agent.
  const { 'openid-client': _, ...all } = strategies({ origin, profile: true });
  for (const { _oauth2 } of Object.values(all)) {
    // This package has its own agent. The others use node's.
    if (_oauth2.transportFor) inMemory(_oauth2.transportFor(new URL(origin)).agent);
    else _oauth2.setAgent(inMemory(usual()));
  }
  return times(origin, all, inMemory(usual()));
}

function times(origin, all, agent) {
  const bare = async () => {
    await ask(agent, `${origin}/token`, 'POST', 'grant_type=authorization_code&code=code-1');
    await ask(agent, `${origin}/profile`, 'GET');
  };
  const cases = { [floor]: bare };
  for (const [name, strategy] of Object.entries(all)) cases[name] = () => login(strategy);
  // V8 has compiled the code only after thousands of logins.
  return race(cases, { calls: 40, warmUp: 120 });
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
