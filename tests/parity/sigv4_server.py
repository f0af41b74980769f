#!/usr/bin/env python3
"""A server that believes a SigV4 signature only if botocore's own signer makes the same one: any service, raw path, any body.

    sigv4_server.py ACCESS-KEY-ID SECRET-KEY [SESSION-TOKEN]

Prints its base URL, then serves until it is terminated.
"""
import datetime
import http.server
import json
import re
import sys

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
                           r"?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})")
LARGEST_SKEW = datetime.timedelta(minutes=5)


class Refused(Exception):
    """An error of AWS, by its name."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            self.verify(body)
        except Refused as why:
            self.answer(403, {"message": str(why)}, str(why))
        else:
            self.answer(200, {"verified": True})

    do_GET = do_PUT = do_DELETE = do_POST

    def answer(self, status, content, error=None):
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if error:
            self.send_header("x-amzn-ErrorType", error)
        self.end_headers()
        self.wfile.write(text)

    def verify(self, body):
        keys = self.server.keys
        match = AUTHORIZATION.fullmatch(self.headers.get("Authorization") or "")
        if not match:
            raise Refused("MissingAuthenticationTokenException")
        key_id, day, region, service, names, signature = match.groups()
        if key_id != keys.access_key:
            raise Refused("UnrecognizedClientException")
        if (self.headers.get("x-amz-security-token") or None) != keys.token:
            raise Refused("UnrecognizedClientException")
        date = self.headers.get("x-amz-date") or ""
        if not date.startswith(day) or "host" not in names.split(";"):
            raise Refused("InvalidSignatureException")
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        if abs(now - datetime.datetime.strptime(date, SIGV4_TIMESTAMP)) > LARGEST_SKEW:
            raise Refused("InvalidSignatureException")
        request = AWSRequest(self.command, "http://" + self.headers["host"] + self.path, data=body)
        for name in names.split(";"):
            request.headers[name] = self.headers.get(name, "")
        request.context["timestamp"] = date
        auth = SigV4Auth(keys, service, region)
        if auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request) != signature:
            raise Refused("InvalidSignatureException")


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.keys = Credentials(*sys.argv[1:4])
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
