#!/usr/bin/env python3
"""What AWS's, Google's and Microsoft's own libraries for Python would send for each case, in the form of dump.cpp.

    official.py CASES KEY.pem CERTIFICATES.pem

Nothing reaches the network: each library is given a transport that records and answers.
"""
import base64
import datetime
import json
import os
import re
import sys
import tempfile
import time
import types

# Enough of an answer for every token service.
TOKEN = {"access_token": "token", "expires_in": 3599, "token_type": "Bearer",
         "issued_token_type": "urn:ietf:params:oauth:token-type:access_token", "accessToken": "token",
         "expireTime": "2026-01-02T04:04:05Z", "subject_token": "subject/+=token", "expires_on": "4102444800",
         "resource": "https://ml.azure.com"}
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


def federation(cases, recorder):
    """The credential files of federated identities."""
    from google.auth import aws, identity_pool, pluggable

    kinds = {"aws": aws, "executable": pluggable}
    given = cases["federation"]
    os.environ.update(given["aws"], GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES="1")
    with open("subject.txt", "w", encoding="utf-8") as file:
        file.write(given["subject_token"])
    with open("subject.json", "w", encoding="utf-8") as file:
        json.dump(given["executable"], file)
    for name, source in given["sources"].items():
        for impersonates in (False, True):
            case = f"federation {name}" + (" impersonation" if impersonates else "")
            info = {**given["file"], **source}
            if impersonates:
                info["service_account_impersonation_url"] = given["impersonation"]
            steps = []

            def transport(url, method="GET", body=None, headers=None, **_):
                steps.append(url)
                recorder.keep(f"{case} {len(steps)}", method, url, headers or {}, body)
                return types.SimpleNamespace(status=200, headers={}, data=json.dumps(TOKEN).encode())

            kinds.get(name, identity_pool).Credentials.from_info(
                info, scopes=[cases["google"]["scope"]]).refresh(transport)


def google_files(cases, recorder):
    """The credential files of people, and of those who act for a service account."""
    import warnings

    import google.auth

    for name, info in cases["google_files"].items():
        steps = []

        def transport(url, method="GET", body=None, headers=None, **_):
            steps.append(url)
            recorder.keep(f"google file {name} {len(steps)}", method, url, headers or {}, body)
            reply = {**TOKEN, "accessToken": "token", "expireTime": "2100-01-01T00:00:00Z"}
            return types.SimpleNamespace(status=200, headers={}, data=json.dumps(reply).encode())

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            credentials, _ = google.auth.load_credentials_from_dict(info, scopes=[cases["google"]["scope"]])
        credentials.refresh(transport)


class AzureTransport:
    """An azure.core transport that records."""

    def __init__(self, recorder, authority, case):
        self.recorder, self.authority, self.case, self.steps = recorder, authority, case, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def open(self):
        pass

    def close(self):
        pass

    def send(self, request, **_):
        if "openid-configuration" in request.url:  # discovery of the token endpoint, which this library does not need
            return self.reply(request, {"token_endpoint": self.authority + "/oauth2/v2.0/token",
                                        "authorization_endpoint": self.authority + "/oauth2/v2.0/authorize",
                                        "issuer": self.authority + "/v2.0"})
        body = request.body
        if isinstance(body, dict):  # azure.core leaves the encoding of forms to requests
            from urllib.parse import urlencode
            body = urlencode(body)
        self.steps += 1
        self.recorder.keep(f"azure {self.case} {self.steps}", request.method, request.url, request.headers, body)
        return self.reply(request, TOKEN)

    @staticmethod
    def reply(request, content):
        text = json.dumps(content)
        return types.SimpleNamespace(
            request=request, status_code=200, reason="OK", content_type="application/json",
            headers={"content-type": "application/json"}, text=lambda *_, **__: text, body=text.encode,
            raise_for_status=lambda: None, internal_response=None)


def azure(cases, key, certificates, recorder):
    from azure.identity import (CertificateCredential, ClientAssertionCredential, ClientSecretCredential,
                                ManagedIdentityCredential, WorkloadIdentityCredential)

    given = cases["azure"]
    tenant, client = given["tenant_id"], given["client_id"]
    authority = "https://login.microsoftonline.com/" + tenant
    # The library takes the first certificate for the application's.
    blocks = re.findall(r"-----BEGIN.*?-----END[^\n]*\n", certificates, re.DOTALL)
    pem = (key + "".join(reversed(blocks))).encode()
    with open("assertion.txt", "w", encoding="utf-8") as file:
        file.write(given["assertion"])

    def ask(case, kind, *arguments, **options):
        if kind is not ManagedIdentityCredential:
            options["disable_instance_discovery"] = True
        kind(*arguments, transport=AzureTransport(recorder, authority, case), **options).get_token(given["scope"])

    ask("client secret", ClientSecretCredential, tenant, client, given["client_secret"])
    ask("certificate", CertificateCredential, tenant, client, certificate_data=pem)
    ask("certificate chain", CertificateCredential, tenant, client, certificate_data=pem, send_certificate_chain=True)
    ask("federated", ClientAssertionCredential, tenant, client, lambda: given["assertion"])
    ask("workload", WorkloadIdentityCredential, tenant_id=tenant, client_id=client, token_file_path="assertion.txt")
    ask("managed imds", ManagedIdentityCredential)
    ask("managed imds client", ManagedIdentityCredential, client_id=client)
    ask("managed imds object", ManagedIdentityCredential, identity_config={"object_id": given["object_id"]})
    os.environ.update(given["app_service"])
    ask("managed app service", ManagedIdentityCredential, identity_config={"resource_id": given["resource_id"]})


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        cases = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        key = file.read()
    with open(sys.argv[3], encoding="utf-8") as file:
        certificates = file.read()
    os.chdir(tempfile.mkdtemp())
    recorder = Recorder()
    sagemaker(cases, recorder)
    google(cases, key, recorder)
    federation(cases, recorder)
    google_files(cases, recorder)
    time.time = lambda: float(cases["time"])  # what MSAL dates its assertions with
    azure(cases, key, certificates, recorder)
    print(json.dumps(recorder.sent, indent=1))


if __name__ == "__main__":
    main()
