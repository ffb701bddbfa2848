/** What every process of the fleet must agree on, from the environment. */
export interface FleetSettings {
  /** `REDIS_URL`: the queue and the limits. */
  redisURL: string;
  /** `DATABASE_URL`: PostgreSQL, for connections, tokens and results. */
  databaseURL: string;
  /** `TOKEN_KEYS`: encrypt the tokens; 32 bytes each in base64, separated by commas, the newest first. */
  tokenKeys: [string, ...string[]];
  /** `CRITEO_CLIENT_ID`, `CRITEO_CLIENT_SECRET`, and `CRITEO_API_URL` for the sandbox. */
  criteo: { clientID: string; clientSecret: string; apiURL?: string };
  /** `CALLS`: paths of the API, separated by commas, that the nightly job of each connection asks for. */
  calls: string[];
  /** `CALLS_PER_MINUTE`: how much the whole fleet asks of the API. @default 250 */
  callsPerMinute: number;
  /** `CONCURRENCY`: how many jobs one process works on at a time. @default 25 */
  concurrency: number;
  /** `NIGHT`: when a night starts, as a cron pattern in UTC. @default every day at 01:00 */
  night: string;
  /** `TELL_URL`: receives a POST for each customer who has to do something. @default they are printed */
  tellURL?: string;
  /** `SECOND`: real milliseconds that a second of the intervals below takes; tests have less patience. @default 1000 */
  second: number;
}

/** Intervals in seconds. */
export const seconds = {
  /** A process that dies or freezes keeps its jobs for so long. */
  lock: 30,
  /** How often the planner looks for work that is not in the queue. */
  plan: 30,
  /** A job that was lost is put into the queue again after so long. */
  offerAgain: 300,
  /** A pause of the whole fleet while Criteo is down. */
  rest: 30,
  /** How long the first call after it may take, while the others wait for what it finds. */
  probe: 15,
  /** The first pause of one job that failed; it doubles up to the longest. */
  firstPause: 2,
  longestPause: 600,
};

/** @throws {Error} naming the variable that is missing or wrong. */
export function readFleetSettings(env: Record<string, string | undefined>): FleetSettings {
  const required = (name: string): string => {
    const value = env[name]?.trim();
    if (!value) throw new Error(`${name} is not set. npm run fleet sets all of them, for one machine`);
    return value;
  };
  const count = (name: string, otherwise: number): number => {
    const value = env[name]?.trim() ? Number(env[name]) : otherwise;
    if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name} must be a whole number, 1 or more`);
    return value;
  };
  const list = (text: string): string[] => text.split(',').map((each) => each.trim());
  const apiURL = env['CRITEO_API_URL']?.trim();
  const tellURL = env['TELL_URL']?.trim();
  return {
    redisURL: required('REDIS_URL'),
    databaseURL: required('DATABASE_URL'),
    tokenKeys: list(required('TOKEN_KEYS')) as [string, ...string[]],
    criteo: {
      clientID: required('CRITEO_CLIENT_ID'),
      clientSecret: required('CRITEO_CLIENT_SECRET'),
      ...(apiURL ? { apiURL } : {}),
    },
    calls: list(env['CALLS'] || '/2026-07/marketing-solutions/me,/2026-07/advertisers/me'),
    callsPerMinute: count('CALLS_PER_MINUTE', 250),
    concurrency: count('CONCURRENCY', 25),
    night: env['NIGHT']?.trim() || '0 1 * * *',
    ...(tellURL ? { tellURL } : {}),
    second: count('SECOND', 1000),
  };
}
