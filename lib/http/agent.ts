import { Agent } from 'node:http';
import { Agent as HTTPSAgent } from 'node:https';
import type { Socket } from 'node:net';

/**
 * Milliseconds for which an idle connection is kept. Load balancers and NAT gateways drop idle connections after 60 s at
 * the earliest (AWS ALB 60 s, Azure 4 min, AWS NAT 350 s), some without a word, so the connection is closed before that;
 * node's default of 5 s would be too short for the next login.
 */
export const IDLE = 30_000;

// When a connection became idle, by the wall clock.
const idleSince = new WeakMap<Socket, number>();

/**
 * Creates an agent that keeps idle connections, so that the portfolio request of a login, and the next login, need no new
 * one. As every keep-alive agent of node's, it has the kernel probe idle connections each second (TCP keep-alive): one
 * whose peer has vanished is gone after about 11 s, before it is used.
 */
export function keepAliveAgent(url: URL): Agent {
  const agent = new (url.protocol === 'https:' ? HTTPSAgent : Agent)({ keepAlive: true, timeout: IDLE });
  agent.on('free', (socket: Socket) => idleSince.set(socket, Date.now()));
  return agent;
}

/**
 * Returns true for a connection of {@link keepAliveAgent} that was idle for too long by the wall clock. The agent's own
 * timers stand still while the machine is suspended (a frozen container or virtual machine, a closed laptop): after that,
 * the connection is likely broken although nothing has closed it.
 */
export function isStale(socket: Socket): boolean {
  const now = Date.now();
  const since = idleSince.get(socket) ?? now;
  return Math.abs(now - since) > IDLE;
}
