import { defaults } from '../util/option-checks';
import { version } from '../util/version';
import type { Settled } from './probe/context';
import type { CheckSettings } from './settings';

/** How a step of the probe ended. */
export interface ReportedStep {
  readonly id: string;
  readonly question: string;
  /** `declined`: the user said no. `skipped`: something it needs was missing. `not reached`: the probe was stopped. */
  readonly state: 'done' | 'failed' | 'declined' | 'skipped' | 'not reached';
  /** The rows that it can settle. */
  readonly rows: readonly string[];
  readonly settled: readonly Settled[];
  readonly seen: readonly string[];
}

/** The report of a probe: no secrets, no names of people or advertisers, no address but Criteo's own. */
export interface ProbeReport {
  readonly tool: string;
  readonly node: string;
  /** The day, in UTC. */
  readonly date: string;
  /** `Criteo`, or `another server` such as a sandbox. */
  readonly server: string;
  readonly service: string;
  readonly apiVersion: string;
  readonly pkce: boolean;
  readonly steps: readonly ReportedStep[];
}

/** Makes the report of the steps. */
export function createReport(settings: CheckSettings, steps: readonly ReportedStep[]): ProbeReport {
  const { apiURL, service, apiVersion, pkce } = settings;
  return {
    tool: `passport-criteo ${version}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    server: apiURL === defaults.apiURL ? 'Criteo' : 'another server',
    service,
    apiVersion,
    pkce,
    steps,
  };
}

/** Returns the report as JSON. */
export function reportAsJSON(report: ProbeReport, secrets: Iterable<string>): string {
  return withoutSecrets(`${JSON.stringify(report, null, 2)}\n`, secrets);
}

/** Returns the report as Markdown, to be pasted into an issue. */
export function reportAsMarkdown(report: ProbeReport, secrets: Iterable<string>): string {
  const { tool, node, date, server, service, apiVersion, pkce, steps } = report;
  const rows = steps.flatMap(({ id, settled }) =>
    settled.map(({ row, variant }) => `| \`${row}\` | \`${variant}\` | ${id} |`),
  );
  const settledRows = new Set(steps.flatMap(({ settled }) => settled.map(({ row }) => row)));
  const open = new Set(steps.flatMap(({ rows: able }) => able.filter((row) => !settledRows.has(row))));
  const lines = [
    '# What Criteo does where it documents nothing',
    '',
    `${date}, ${tool}, Node ${node}. Server: ${server}; ${service}, API version ${apiVersion}, PKCE ${pkce ? 'on' : 'off'}.`,
    '',
    ...(rows.length > 0 ? ['| unknown fact | variant | step |', '|---|---|---|', ...rows, ''] : []),
    ...(open.size > 0 ? [`Not settled: ${[...open].map((row) => `\`${row}\``).join(', ')}.`, ''] : []),
    ...steps.flatMap(({ id, question, state, seen }) => [
      `## ${id}: ${state}`,
      '',
      question,
      '',
      ...seen.map((text) => `- ${text}`),
      ...(seen.length > 0 ? [''] : []),
    ]),
  ];
  return withoutSecrets(`${lines.join('\n').trimEnd()}\n`, secrets);
}

/** The last net: steps put no secret into their findings. Short texts are left out, because they match by chance. */
function withoutSecrets(text: string, secrets: Iterable<string>): string {
  let shown = text;
  for (const secret of secrets) if (secret.length >= 8) shown = shown.replaceAll(secret, '[redacted]');
  return shown;
}
