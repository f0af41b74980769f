#!/usr/bin/env python3
"""What AWS's, Google's and Microsoft's own libraries for Python would send for each case, in the form of dump.cpp.

    official.py CASES KEY.pem

Nothing reaches the network: each library is given a transport that records and answers.
"""
import base64
import datetime
import json
import sys
import types

TOKEN = {"access_token": "token", "expires_in": 3599, "token_type": "Bearer"}
# These are random or name the SDK, and the SDK signs some of them: compared would be noise.
OWN_HEADERS = ("amz-sdk-invocation-id", "amz-sdk-request", "User-Agent")


class Recorder:
    def __init__(self):
        self.sent = []

    def keep(self, case, method, url, headers, body):
        body = body.encode() if isinstance(body, str) else body or b""
        text = lambda value: value.decode() if isinstance(value, bytes) else str(value)
        self.sent.append({"case": case, "method": method, "url": url,
                          "headers": {name: text(value) for name, value in headers.items()},
                          "body": base64.b64encode(body).decode()})


def sagemaker(cases, recorder):
    import botocore.auth
    import botocore.session
    from botocore.awsrequest import AWSResponse

    now = datetime.datetime.fromtimestamp(cases["time"], datetime.timezone.utc).replace(tzinfo=None)
    botocore.auth.get_current_datetime = lambda *_, **__: now
    for case in cases["sagemaker"]:
        session = botocore.session.Session()
        session.set_credentials(cases["aws"]["access_key_id"], cases["aws"]["secret_access_key"],
                                case.get("session_token"))
        client = session.create_client("sagemaker-runtime", region_name=cases["aws"]["region"])

        def strip(request, **_):
            for header in OWN_HEADERS:
                del request.headers[header]

        def record(request, name="sagemaker " + case["name"], **_):
            recorder.keep(name, request.method, request.url, request.headers, request.body)
            raw = types.SimpleNamespace(stream=lambda *_, **__: iter([b"{}"]), read=lambda *_: b"", close=lambda: None)
            return AWSResponse(request.url, 200, {"content-type": "application/json"}, raw)

        client.meta.events.register("before-sign", strip)
        client.meta.events.register("before-send", record)
        parameters = {"EndpointName": case["endpoint"], "Body": case["body"].encode(),
                      "ContentType": case["content_type"]}
        if "accept" in case:
            parameters["Accept"] = case["accept"]
        for key, value in case.get("options", {}).items():
            parameters["".join(word.capitalize() for word in key.split("_"))] = value
        if case.get("stream"):
            client.invoke_endpoint_with_response_stream(**parameters)
        else:
            client.invoke_endpoint(**parameters)


def google(cases, key, recorder):
    import google.auth._helpers
    from google.oauth2 import service_account

    clock = datetime.datetime.fromtimestamp(cases["time"], datetime.timezone.utc).replace(tzinfo=None)
    google.auth._helpers.utcnow = lambda: clock
    info = {**cases["google"], "type": "service_account", "private_key": key}

    def transport(url, method="GET", body=None, headers=None, **_):
        recorder.keep("google grant", method, url, headers or {}, body)
        return types.SimpleNamespace(status=200, headers={}, data=json.dumps(TOKEN).encode())

    scopes = [cases["google"]["scope"]]
    service_account.Credentials.from_service_account_info(info, scopes=scopes).refresh(transport)
    own = service_account.Credentials.from_service_account_info(info, scopes=scopes, always_use_jwt_access=True)
    headers = {}
    own.before_request(transport, "POST", "", headers)
    recorder.keep("google self-signed", "POST", "", headers, "")


class AzureTransport:
    """An azure.core transport that records."""

    def __init__(self, recorder, authority):
        self.recorder, self.authority = recorder, authority

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def open(self):
        pass

    def close(self):
        pass

    def send(self, request, **_):
        if request.method == "GET":  # discovery of the token endpoint, which this library does not need
            return self.reply(request, {"token_endpoint": self.authority + "/oauth2/v2.0/token",
                                        "authorization_endpoint": self.authority + "/oauth2/v2.0/authorize",
                                        "issuer": self.authority + "/v2.0"})
        body = request.body
        if isinstance(body, dict):  # azure.core leaves the encoding of forms to requests
            from urllib.parse import urlencode
            body = urlencode(body)
        self.recorder.keep("azure client secret", request.method, request.url, request.headers, body)
        return self.reply(request, TOKEN)

    @staticmethod
    def reply(request, content):
        text = json.dumps(content)
        return types.SimpleNamespace(
            request=request, status_code=200, reason="OK", content_type="application/json",
            headers={"content-type": "application/json"}, text=lambda *_, **__: text, body=text.encode,
            raise_for_status=lambda: None, internal_response=None)


def azure(cases, recorder):
    from azure.identity import ClientSecretCredential

    azure_cases = cases["azure"]
    authority = "https://login.microsoftonline.com/" + azure_cases["tenant_id"]
    ClientSecretCredential(azure_cases["tenant_id"], azure_cases["client_id"], azure_cases["client_secret"],
                           disable_instance_discovery=True,
                           transport=AzureTransport(recorder, authority)).get_token(azure_cases["scope"])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        key = file.read()
    recorder = Recorder()
    sagemaker(cases, recorder)
    google(cases, key, recorder)
    azure(cases, recorder)
    print(json.dumps(recorder.sent, indent=1))


if __name__ == "__main__":
    main()
