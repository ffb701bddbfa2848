"""Starts and drives the Criteo sandbox, with nothing but Python's standard library and `npx`."""

import json
import subprocess
import urllib.request


class CriteoSandbox:
    def __init__(self, *flags):
        command = ["npx", "passport-criteo", "sandbox", "--port", "0", "--json", "--quiet", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.url, self.env = ready["url"], ready["env"]

    def close(self):
        self.process.terminate()
        self.process.communicate()

    def call(self, method, path, body=None):
        """Calls the HTTP API: /sandbox/api/openapi.json lists all operations."""
        headers = {"X-Criteo-Sandbox": "1", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/sandbox/api{path}", data, headers, method=method)
        with urllib.request.urlopen(request) as response:
            text = response.read()
        return json.loads(text) if text else None

    def approve(self, consent_url, advertisers=None):
        """Approves as the user would; returns the URL that the user is sent back to."""
        decision = {"consentURL": consent_url, "decision": "approve"}
        if advertisers is not None:
            decision["advertisers"] = advertisers
        return self.call("POST", "/decisions", decision)["redirectURL"]

    def deny(self, consent_url):
        decision = {"consentURL": consent_url, "decision": "deny"}
        return self.call("POST", "/decisions", decision)["redirectURL"]

    def advance(self, milliseconds):
        self.call("PATCH", "/clock", {"advance": milliseconds})

    def revoke(self):
        self.call("DELETE", "/consents")

    def fault(self, **fault):
        self.call("POST", "/faults", fault)

    def requests(self, query=""):
        return self.call("GET", f"/requests{query}")

    def reset(self):
        self.call("POST", "/reset", {})
