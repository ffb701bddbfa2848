/** What a test in Python does with the sandbox, with nothing but its standard library. */
export const pythonStory = `
import hashlib, hmac, json, sys, urllib.error, urllib.parse, urllib.request

url = sys.argv[1]
callback = "http://127.0.0.1:5000/callback"

def ask(path, method="GET", body=None, headers={}, form=None):
    data = json.dumps(body).encode() if body is not None else None
    headers = dict(headers)
    if body is not None:
        headers["Content-Type"] = "application/json"
    if form is not None:
        data = urllib.parse.urlencode(form).encode()
    request = urllib.request.Request(url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as response:
            status, text = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    return status, json.loads(text) if text else None

def control(path, method="GET", body=None):
    status, answer = ask("/sandbox/api" + path, method, body, {"X-Criteo-Sandbox": "1"})
    assert status < 300, answer
    return answer

control("/reset", "POST", {})
app = control("")["app"]
client = {"client_id": app["clientID"], "client_secret": app["clientSecret"]}

def portfolio(token):
    return ask("/2026-07/advertisers/me", headers={"Authorization": "Bearer " + token})

page = url + "/request?" + urllib.parse.urlencode({
    "response_type": "code", "client_id": app["clientID"], "redirect_uri": callback, "state": "abc"})
back = control("/decisions", "POST", {"consentURL": page, "decision": "approve", "advertisers": ["13"]})
code = urllib.parse.parse_qs(urllib.parse.urlsplit(back["redirectURL"]).query)["code"][0]
status, tokens = ask("/oauth2/token", "POST", form={
    **client, "grant_type": "authorization_code", "code": code, "redirect_uri": callback})
print("signed in:", portfolio(tokens["access_token"])[1]["data"][0]["id"])

control("/clock", "PATCH", {"advance": 900000})
print("expired:", portfolio(tokens["access_token"])[0])

status, fresh = ask("/oauth2/token", "POST", form={
    **client, "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
print("refreshed:", status)

control("/consents", "DELETE")
print("revoked:", portfolio(fresh["access_token"])[0])

now = control("/clock")["now"] // 1000
text = f"?key={app['signingKey']}&timestamp={int(now)}&state=user-42&redirect-uri={callback}"
signature = hmac.new(app["signingSecret"].encode(), text.encode(), hashlib.sha512).hexdigest()
control("/decisions", "POST", {"consentURL": url + "/request" + text + "&signature=" + signature, "decision": "approve"})
print("consent callback:", len(control("/requests?endpoint=delivery&status=204&wait=2000")))
print("requests of the story:", len(control("/requests?endpoint=api")))
`;
