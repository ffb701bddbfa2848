export { freePort, type LocalServer as Postgres, startPostgres, unprivileged } from '../../example/fleet/servers';
