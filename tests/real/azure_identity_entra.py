#!/usr/bin/env python3
"""Microsoft's own identity library against the emulator, through a proxy that ends TLS.

    azure_identity_entra.py PATH-TO-endpointkit-emulator

Exits with 77 (skipped) without azure-identity, requests or the openssl command:
pip install azure-identity requests.
"""
import http.client
import http.server
import os
import ssl
import subprocess
import sys
import tempfile
import threading

try:
    import requests
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import ClientSecretCredential
except ImportError:
    print("skipped: azure-identity or requests is not installed")
    sys.exit(77)

SCOPE = "https://ml.azure.com/.default"
CHAT = {"messages": [{"role": "user", "content": "Tell me of lighthouses"}]}


def start(program):
    process = subprocess.Popen([program, "--print-env", "--tokens-per-second", "0"],
                               stdout=subprocess.PIPE, text=True)
    variables = {}
    for line in process.stdout:
        if line.startswith("endpointkit-emulator listening on "):
            return process, variables
        name, _, value = line.removeprefix("export ").strip().partition("=")
        variables[name] = value.strip("'")
    sys.exit("the emulator did not start")


def make_certificate(folder):
    path = os.path.join(folder, "localhost.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
               "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
               "-keyout", path, "-out", path + ".crt"]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        print("skipped: there is no openssl command")
        sys.exit(77)
    return path + ".crt", path


def start_proxy(folder, target):
    class Proxy(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name: value for name, value in self.headers.items()
                       if name.lower() not in ("connection", "accept-encoding")}
            headers["X-Forwarded-Proto"] = "https"
            connection = http.client.HTTPConnection(target)
            connection.request(self.command, self.path, body, headers)
            reply = connection.getresponse()
            content = reply.read()
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.getheader("Content-Type"))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = forward

        def log_message(self, *_):
            pass

    certificate, key = make_certificate(folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, certificate


def refusal(credential, code):
    try:
        credential.get_token(SCOPE)
    except ClientAuthenticationError as error:
        assert code in str(error), error
        print("refused:", str(error).splitlines()[0][:120])
        return
    sys.exit(f"expected {code}, but nothing was refused")


def check(variables, port, certificate):
    options = {"authority": f"https://localhost:{port}", "disable_instance_discovery": True,
               "connection_verify": certificate}
    tenant, client = variables["AZURE_TENANT_ID"], variables["AZURE_CLIENT_ID"]
    token = ClientSecretCredential(tenant, client, variables["AZURE_CLIENT_SECRET"],
                                   **options).get_token(SCOPE)
    reply = requests.post(variables["AZUREML_BASE_URL"] + "/v1/chat/completions", json=CHAT,
                          headers={"Authorization": f"Bearer {token.token}"}, timeout=10)
    assert reply.status_code == 200 and "lighthouses" in reply.text, reply.text
    print("token accepted by Azure ML")
    refusal(ClientSecretCredential(tenant, client, "wrong", **options), "AADSTS7000215")
    stranger = "00000000-0000-0000-0000-000000000000"
    refusal(ClientSecretCredential(tenant, stranger, "x", **options), "AADSTS700016")


def main():
    process, variables = start(sys.argv[1])
    try:
        with tempfile.TemporaryDirectory() as folder:
            target = variables["AZURE_AUTHORITY_HOST"].removeprefix("http://")
            server, certificate = start_proxy(folder, target)
            check(variables, server.server_address[1], certificate)
            server.shutdown()
    finally:
        process.terminate()
    assert process.wait(10) == 0, "the emulator did not stop cleanly"
    print("azure-identity agrees")


if __name__ == "__main__":
    main()
