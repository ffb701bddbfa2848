import { foreignText } from '../../util/redaction';
import { NoReplyError } from '../request';
import { askAPI, type Check, type Finding, finding, portfolioPath } from './context';

/** Criteo, "Versioning policy": a stable version is supported for 12 months, and announces its end in the last three. */
const supportedMonths = 12;
const announcedMonths = 9;
const later = 'Set the option apiVersion (here CRITEO_API_VERSION) to a later version, and update passport-criteo.';

/** Asks for the portfolio in this version, and reads headers and calendar. */
export const apiVersion: Check = {
  id: 'api-version',
  what: 'API version',
  needsAPI: true,
  async run(context) {
    const { settings, appTokens, now } = context;
    const { apiVersion: version, service } = settings;
    const unnumbered = !/^\d/.test(version);
    if (service === 'retail-media' && unnumbered) {
      return finding(
        'wrong',
        `${version} has no retail-media/accounts, which a login reads`,
        'Choose a numbered version.',
      );
    }
    const reply = await askAPI(context, portfolioPath(settings), appTokens?.accessToken);
    if (reply instanceof NoReplyError) return finding('unknown', `no response (${reply.code})`, 'Try again later.');
    const { status, headers } = reply;
    if (status === 410) return finding('wrong', `${version} was decommissioned (410)`, later);
    if (status === 404) return finding('wrong', `${version} has no ${portfolioPath(settings)} (404)`, later);
    const sunset = foreignText(headers['sunset'], [appTokens?.accessToken], 64);
    if (sunset !== undefined) return finding('ok', `${version} ends on ${sunset} (header Sunset)`, later);
    if (headers['deprecation'] !== undefined)
      return finding('ok', `${version} is deprecated (header Deprecation)`, later);
    if (unnumbered) return finding('ok', `${version} responds, and may change without notice`);
    return byCalendar(version, new Date(now()));
  },
};

function byCalendar(version: string, today: Date): Finding {
  const [year = 0, month = 0] = version.split('-').map(Number);
  const age = (today.getUTCFullYear() - year) * 12 + today.getUTCMonth() + 1 - month;
  if (age < 0) return finding('ok', `${version} responds; by its name it is not released yet, so it may change`);
  const end = new Date(Date.UTC(year, month - 1 + supportedMonths)).toISOString().slice(0, 7);
  if (age > supportedMonths) {
    const seen = `${version} responds, but its ${supportedMonths} months ended in ${end}`;
    return finding('wrong', seen, `Criteo may already respond in another version, and will end this one. ${later}`);
  }
  const seen = `${version} responds; by its name it is supported until ${end}`;
  return age >= announcedMonths ? finding('ok', seen, later) : finding('ok', seen);
}
