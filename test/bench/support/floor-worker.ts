// The fleet's worker without a TokenSource: the same queue, limits and results, a bare fetch with a fixed token.
import { FleetConnections } from '../../../example/fleet/connections';
import type { FleetDatabase } from '../../../example/fleet/database';
import { type FleetSettings, readFleetSettings } from '../../../example/fleet/settings';
import { startWorker } from '../../../example/fleet/worker';

function bareConnections(database: FleetDatabase, settings: FleetSettings): FleetConnections {
  const connections = new FleetConnections(database, settings);
  const headers = { authorization: 'Bearer fixed', accept: 'application/json' };
  connections.tokens.fetch = (_key, url, init) => fetch(`${settings.criteo.apiURL}${url}`, { ...init, headers });
  return connections;
}

startWorker(readFleetSettings(process.env), console.error, bareConnections).then(
  () => process.send?.('ready'),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
process.on('disconnect', () => process.exit());
