#!/usr/bin/env python3
"""Google's own auth library against the emulator: the JWT grant, a self-signed JWT, a wrong key.

    google_auth_vertex.py PATH-TO-endpointkit-emulator

Exits with 77 (skipped) if google-auth or requests are not installed: pip install google-auth requests.
"""
import json
import os
import subprocess
import sys
import tempfile

try:
    from google.auth import exceptions
    from google.auth.transport.requests import AuthorizedSession, Request
    from google.oauth2 import service_account
except ImportError:
    print("skipped: google-auth or requests is not installed")
    sys.exit(77)

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
PROMPT = {"contents": [{"role": "user", "parts": [{"text": "Tell me of lighthouses"}]}]}


def read_environment(path):
    variables = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            name, _, value = line.removeprefix("export ").strip().partition("=")
            variables[name] = value.strip("'")
    return variables


def ask(session, variables):
    url = (f"{variables['GOOGLE_VERTEX_BASE_URL']}/v1/projects/{variables['GOOGLE_CLOUD_PROJECT']}"
           "/locations/us-central1/publishers/google/models/gemini:streamGenerateContent?alt=sse")
    reply = session.post(url, json=PROMPT, stream=True)
    assert reply.status_code == 200, reply.text
    text = ""
    for line in reply.iter_lines():
        if line.startswith(b"data: "):
            for part in json.loads(line[6:])["candidates"][0]["content"].get("parts", []):
                text += part["text"]
    assert "lighthouses" in text, text
    return text


def check(variables):
    with open(variables["GOOGLE_APPLICATION_CREDENTIALS"], encoding="utf-8") as file:
        info = json.load(file)

    granted = service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])
    print("JWT grant:", ask(AuthorizedSession(granted), variables)[:60] + "…")
    assert granted.token.startswith("ya29.")

    own = service_account.Credentials.from_service_account_info(
        info, always_use_jwt_access=True, scopes=[SCOPE])
    print("self-signed JWT:", ask(AuthorizedSession(own), variables)[:60] + "…")
    assert own.token.startswith("eyJ")

    other = {**info, "client_email": "someone@else.iam.gserviceaccount.com"}
    stranger = service_account.Credentials.from_service_account_info(other, scopes=[SCOPE])
    try:
        stranger.refresh(Request())
    except exceptions.RefreshError as error:
        assert "invalid_grant" in str(error), error
        print("refused:", error)
        return
    sys.exit("expected invalid_grant, but nothing was refused")


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "emulator.env")
        process = subprocess.Popen([sys.argv[1], "--env-file", path, "--tokens-per-second", "0"],
                                   stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout.readline().startswith("endpointkit-emulator listening on ")
            check(read_environment(path))
        finally:
            process.terminate()
        assert process.wait(10) == 0, "the emulator did not stop cleanly"
    print("google-auth agrees")


if __name__ == "__main__":
    main()
