"""Signs users in with Criteo, with nothing but Python's standard library."""

import json
import urllib.error
import urllib.parse
import urllib.request


class CriteoError(Exception):
    """Criteo refused a request."""

    def __init__(self, status, error):
        super().__init__(f"Criteo responded {status}: {error}")
        self.status = status
        self.error = error


class CriteoLogin:
    def __init__(
        self,
        client_id,
        client_secret,
        redirect_uri,
        api_url="https://api.criteo.com",
        authorization_url="https://consent.criteo.com/request",
    ):
        self.credentials = {"client_id": client_id, "client_secret": client_secret}
        self.redirect_uri = redirect_uri
        self.api_url = api_url
        self.authorization_url = authorization_url

    def consent_url(self, state):
        """Returns where to send the user; keep `state` in their session."""
        query = {
            "response_type": "code",
            "client_id": self.credentials["client_id"],
            "redirect_uri": self.redirect_uri,
            "state": state,
        }
        return f"{self.authorization_url}?{urllib.parse.urlencode(query)}"

    def finish(self, callback_url, state):
        """Returns the tokens; None if the user declined."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(callback_url).query))
        if query.get("state") != state:
            raise ValueError("This login was not started here")
        if "error" in query:
            return None
        return self._tokens(
            grant_type="authorization_code",
            code=query["code"],
            redirect_uri=self.redirect_uri,
        )

    def refresh(self, refresh_token):
        tokens = self._tokens(grant_type="refresh_token", refresh_token=refresh_token)
        # Criteo may leave it out: then the old one stays valid.
        return {**tokens, "refresh_token": tokens.get("refresh_token") or refresh_token}

    def advertisers(self, access_token):
        headers = {"Authorization": f"Bearer {access_token}"}
        request = urllib.request.Request(f"{self.api_url}/2026-07/advertisers/me", headers=headers)
        return [one["attributes"]["advertiserName"] for one in send(request)["data"]]

    def _tokens(self, **fields):
        form = urllib.parse.urlencode({**fields, **self.credentials}).encode()
        return send(urllib.request.Request(f"{self.api_url}/oauth2/token", form))


def send(request):
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise CriteoError(error.code, error.read().decode()) from None
