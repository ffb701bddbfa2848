export const generalHelp = `Usage: passport-criteo <command> [flags]

Commands
  check     Says whether your Criteo app is set up right.
  sandbox   Starts a local stand-in for Criteo.

passport-criteo <command> --help explains one command. --version prints the version.
`;

export const checkHelp = `Usage: passport-criteo check [--login | --probe] [flags]

Says whether your Criteo app is set up right: credentials, service, clock, proxy, API version. Nothing is stored and no
secret is printed.

  --login             Signs in once for real: receives the callback on this machine, shows the portfolio, refreshes.
  --probe             Settles what Criteo does not document, step by step, and makes a report without secrets or names.
                      For a test advertiser and a throwaway app only: each step says its risk, and asks.

Flags
  --env-file FILE     Reads variables from a file. Those of the environment win.
  --callback-url URL  The redirect URI as registered, in place of CRITEO_CALLBACK_URL.
  --api-version V     In place of CRITEO_API_VERSION, such as 2026-07.
  --api-url URL       In place of CRITEO_API_URL, for a sandbox.
  --authorization-url URL
                      In place of CRITEO_AUTHORIZATION_URL, for a sandbox.
  --json              Prints one JSON document in the end, and everything else on the error output.
  --help              Prints this.

Flags of --login and --probe
  --no-open           Prints the URL for the browser without opening it.
  --timeout SECONDS   How long to wait for the user. Default 600.

Flags of --login
  --print-tokens      Prints the tokens in the end. They are secrets: clear the screen afterwards.
  --save FILE         Writes the tokens to a new file that only you can read. An existing file is not overwritten.

Flags of --probe
  --report NAME       Writes the report to NAME.md and NAME.json. Existing files are not overwritten.

Variables
  CRITEO_CLIENT_ID, CRITEO_CLIENT_SECRET    The app, from the Criteo Partners Portal. Needed.
  CRITEO_CALLBACK_URL                       The redirect URI. Default http://localhost:3000/criteo-auth/callback.
  CRITEO_SERVICE                            marketing-solutions (default) or retail-media.
  CRITEO_PKCE                               true if PKCE is switched on for the app. Default false.
  CRITEO_API_VERSION                        The API version that your app uses.
  CRITEO_SIGNING_KEY, CRITEO_SIGNING_SECRET A connector's key pair, for --probe.
  CRITEO_SECOND_CLIENT_ID, CRITEO_SECOND_CLIENT_SECRET
                                            Another key pair of the same app, for --probe.
  CRITEO_API_URL, CRITEO_AUTHORIZATION_URL  A sandbox in place of Criteo.

Exit status: 0 nothing is wrong, 1 something is wrong, or the check was stopped, 2 wrong usage.
`;

export const sandboxHelp = `Usage: passport-criteo sandbox [flags]

Starts a local stand-in for Criteo: the consent page, the token endpoint, the portfolio. It prints its URL, the app's
credentials, the lines for your .env file, and one line for each exchange, with secrets masked. Ctrl-C stops it.

Flags
  --port N            Port to listen on. Default 4300; 0 takes any free one.
  --host ADDRESS      Address to listen on. Default 127.0.0.1. Any other one lets the network in.
  --public-url URL    The address under which containers and other machines reach it, such as http://sandbox:4300.
  --seed TEXT         Makes credentials, codes and tokens the same in every run. Never for secrets that matter.
  --portfolio N       How many advertisers (Retail Media accounts) the user can share, 0 to 1000. Default 5.
  --service NAME      marketing-solutions (default) or retail-media.
  --pkce              Switches PKCE on for the app.
  --redirect-uri URL  Registers a redirect URI; may be repeated. Default: any https URL, and any http one on loopback.
  --callback-url URL  The connector's callback URL, which is told of decisions on signed consent URLs. Default: none.
  --variant NAME=VARIANT
                      Chooses how a fact turns out that Criteo does not document; may be repeated.
  --config FILE       Reads apps, users, variants, faults and all else from a JSON file. Flags win. Its schema is
                      passport-criteo/dist/sandbox/config.schema.json.
  --quiet             Prints no line for each exchange.
  --json              Prints JSON lines: one when the sandbox is ready, then one for each exchange.
  --help              Prints this.

Exit status: 0 stopped, 1 it could not listen, 2 wrong usage.
`;
