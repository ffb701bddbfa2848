export { type LocalServer as Redis, startRedis } from '../../example/fleet/servers';
