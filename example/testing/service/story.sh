#!/bin/sh
# A login and what comes after it, against a sandbox with the configuration sandbox.json.
set -eu
sandbox=${SANDBOX_URL:-http://127.0.0.1:4300}

# Calls the HTTP API: METHOD PATH [JSON]
control() {
  curl --silent --show-error --fail-with-body --globoff --write-out '\n' --request "$1" "$sandbox/sandbox/api$2" \
    --header 'X-Criteo-Sandbox: 1' --header 'Content-Type: application/json' ${3+--data "$3"}
}

# Calls the token endpoint with the fields of a form.
token() {
  curl --silent --show-error "$sandbox/oauth2/token" --data client_id=reports --data client_secret=not-a-secret "$@"
}

# Shows the advertisers that an access token sees, and the status.
advertisers() {
  curl --silent --write-out ' %{http_code}\n' "$sandbox/2026-07/advertisers/me" --header "Authorization: Bearer $1"
}

# Prints a text field of JSON.
field() {
  sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

control POST /reset

# The app redirects the user here.
query='response_type=code&client_id=reports&redirect_uri=http://localhost:8000/callback&state=abc'
# The user approves one advertiser, and is sent back with a code.
decision='"decision": "approve", "advertisers": ["13"], "user": "ada"'
callback=$(control POST /decisions "{\"consentURL\": \"$sandbox/request?$query\", $decision}" | field redirectURL)
code=$(echo "$callback" | sed 's/.*[?&]code=\([^&]*\).*/\1/')

tokens=$(token --data grant_type=authorization_code --data-urlencode "code=$code" \
  --data-urlencode redirect_uri=http://localhost:8000/callback)
advertisers "$(echo "$tokens" | field access_token)"

# The access token expires after 15 minutes.
control PATCH /clock '{ "advance": 900000 }'
advertisers "$(echo "$tokens" | field access_token)"

refresh_token=$(echo "$tokens" | field refresh_token)
tokens=$(token --data grant_type=refresh_token --data-urlencode "refresh_token=$refresh_token")
advertisers "$(echo "$tokens" | field access_token)"

# Criteo is down, once.
control POST /faults '{ "on": "token", "status": 503 }'
token --data grant_type=client_credentials --write-out '%{http_code}\n'

# The user revokes the consent.
control DELETE '/consents?app=reports'
advertisers "$(echo "$tokens" | field access_token)"

# What did the app send?
control GET '/requests?endpoint=token&form[grant_type]=refresh_token'
