import type http from 'node:http';
import { keepAliveAgent } from '../../lib/http/agent';
import type { Loopback } from './loopback';

/** Returns functions that make agents, which are destroyed after each test. */
export function agents() {
  const made: http.Agent[] = [];
  afterEach(() => {
    for (const agent of made.splice(0)) agent.destroy();
  });
  const add = <T extends http.Agent>(agent: T): T => {
    made.push(agent);
    return agent;
  };
  return { add, ours: (server: Loopback) => add(keepAliveAgent(server.url())) };
}
