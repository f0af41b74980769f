#!/usr/bin/env python3
"""Lays our requests (endpointkit-parity-dump) beside an official library's (official.py, official.mjs), field by field.

    compare.py CASES OURS THEIRS botocore|javascript

Every difference must stand in the table below with its reason, and every line of the table must be seen: a library that
comes to agree with us, or to disagree, makes this fail. Our signatures are also computed anew by botocore.
"""
import base64
import json
import re
import sys
from urllib.parse import parse_qsl, unquote, urlsplit

# What may differ, as (library or *, kind of case or *, field): why.
EXPECTED = {
    ("*", "sagemaker", "header user-agent"): "names the library",
    ("*", "sagemaker", "header accept-encoding"): "the transport's affair",
    ("*", "sagemaker", "header content-length"): "our transport adds it to the bytes that it sends",
    ("*", "sagemaker", "header host"): "our transport adds it; it is signed",
    ("*", "sagemaker", "header amz-sdk-invocation-id"): "random",
    ("*", "sagemaker", "header amz-sdk-request"): "tells the retry policy, which the official clients were given none of",
    ("*", "sagemaker", "header x-amz-user-agent"): "names the library",
    ("*", "sagemaker", "signed accept"): "AWS demands host, content-type and x-amz-*; more breaks behind proxies that rewrite",
    ("javascript", "sagemaker", "signed content-length"): "not demanded; HTTP/2 and proxies leave it out",
    ("javascript", "sagemaker", "signed x-amz-content-sha256"): "only S3 demands the header; the hash is signed anyway",
    ("javascript", "sagemaker", "header x-amz-content-sha256"): "only S3 demands the header; the hash is signed anyway",
    ("*", "google", "claim iat"): "we begin ten seconds ago, so that a clock that is a little fast is believed",
    ("*", "google", "claim exp"): "an hour from iat in both",
    ("*", "google grant", "header accept"): "says that we read JSON",
    ("javascript", "google grant", "jwt typ"): "\"JWT\" is recommended (RFC 7519 5.1), and google-auth in Python says it",
    ("javascript", "google grant", "jwt kid"): "we name the key, as google-auth in Python does",
    ("javascript", "google grant", "form encoding"): "charset after the media type, which has no such parameter (RFC 6749 B)",
    ("botocore", "google", "header x-goog-api-client"): "names the library and what kind of credential it has",
    ("*", "azure", "header user-agent"): "names the library",
    ("*", "azure", "telemetry"): "MSAL tells its version and the outcome of its last request; the service needs none of it",
    ("*", "azure", "form client_info"): "asks for the account of a signed-in user, which an application has not",
    ("javascript", "azure", "form encoding"): "charset after the media type",
    ("*", "azure certificate", "claim jti"): "random",
    ("*", "azure certificate", "claim iat"): "optional; it is the time of nbf, and Microsoft's library for C++ leaves it out too",
    ("botocore", "azure certificate", "claim nbf"): "as JavaScript and Microsoft's description of the assertion have it",
    ("botocore", "azure certificate", "jwt alg"): "Python signs with RS256; we with PS256 as JavaScript does, or by option",
    ("botocore", "azure certificate", "jwt x5t"): "Python names the certificate by SHA-1; we as JavaScript, or by option",
    ("botocore", "azure certificate", "jwt x5t#S256"): "Python names the certificate by SHA-1; we as JavaScript, or by option",
    ("botocore", "azure managed app service", "header metadata"): "for the metadata service of virtual machines alone",
    ("javascript", "azure managed", "header content-type"): "of a request without a body",
    ("*", "google file", "header accept"): "says that we read JSON",
    ("javascript", "google file", "form encoding"): "charset after the media type",
    ("javascript", "google file", "header content-type"): "its transport adds it to an object that becomes JSON",
    ("botocore", "google file user", "form scope"): "a refresh token has its scopes; as in JavaScript, we ask for no others",
    ("*", "federation", "header accept"): "says that we read JSON",
    ("*", "federation", "header x-goog-api-client"): "names the library and what kind of credential it has",
    ("javascript", "federation", "form encoding"): "charset after the media type",
    ("javascript", "federation", "form scope"): "for impersonation we ask for no more than that takes, as google-auth in Python",
}
TELEMETRY = re.compile(r"x-client-.*|x-ms-lib-capability|(x-ms-)?client-request-id|accept(-encoding)?|return-client-.*")


class Comparison:
    def __init__(self, library):
        self.library, self.failed, self.seen = library, 0, set()

    def differs(self, case, field, ours, theirs):
        for key in EXPECTED:
            library, kind, name = key
            if library in ("*", self.library) and case.startswith(kind) and name == field:
                self.seen.add(key)
                return
        self.failed += 1
        print(f"DIFFERS  {case}: {field}: ours {ours!r}, {self.library}'s {theirs!r}")

    def same(self, case, field, ours, theirs):
        if ours != theirs:
            self.differs(case, field, ours, theirs)

    def maps(self, case, kind, ours, theirs, rename=lambda name: None):
        for name in sorted({*ours, *theirs}):
            field = rename(name) or f"{kind} {name}"
            self.same(case, field, ours.get(name), theirs.get(name))

    def finish(self):
        for key in EXPECTED:
            if key[0] == self.library and key not in self.seen:
                self.failed += 1
                print(f"no longer differs: {key}")
        print(f"{self.library}: {self.failed} unexplained differences, {len(self.seen)} explained kinds")
        return 1 if self.failed else 0


def headers_of(request):
    return {name.lower(): value for name, value in request["headers"].items()}


def body_of(request):
    return base64.b64decode(request["body"])


def authorization(value):
    return dict(part.strip().split("=", 1) for part in value.removeprefix("AWS4-HMAC-SHA256 ").split(","))


def botocore_signature(request, aws):
    """What botocore's signer makes of the headers that `request` says it signed."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    headers = headers_of(request)
    proof = authorization(headers["authorization"])
    again = AWSRequest(request["method"], request["url"], data=body_of(request))
    for name in proof["SignedHeaders"].split(";"):
        again.headers[name] = headers.get(name) or urlsplit(request["url"]).netloc
    again.context["timestamp"] = headers["x-amz-date"]
    _, _, region, service, _ = proof["Credential"].split("/")
    keys = Credentials(aws["access_key_id"], aws["secret_access_key"], headers.get("x-amz-security-token"))
    auth = SigV4Auth(keys, service, region)
    return auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)


def compare_aws(comparison, case, ours, theirs, aws):
    for field in ("method", "url", "body"):
        comparison.same(case, field, ours[field], theirs[field])
    our_headers, their_headers = headers_of(ours), headers_of(theirs)
    our_proof = authorization(our_headers.pop("authorization"))
    their_proof = authorization(their_headers.pop("authorization"))
    comparison.maps(case, "header", our_headers, their_headers)
    comparison.same(case, "credential scope", our_proof["Credential"], their_proof["Credential"])
    our_signed, their_signed = (set(proof["SignedHeaders"].split(";")) for proof in (our_proof, their_proof))
    for name in sorted(our_signed ^ their_signed):
        comparison.differs(case, f"signed {name}", name in our_signed, name in their_signed)
    if our_signed == their_signed:
        comparison.same(case, "signature", our_proof["Signature"], their_proof["Signature"])
    comparison.same(case, "signature by botocore", our_proof["Signature"], botocore_signature(ours, aws))


def decode_jwt(token):
    def part(text):
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    header, claims, _ = token.split(".")
    return part(header), part(claims)


def compare_jwt(comparison, case, ours, theirs):
    (our_header, our_claims), (their_header, their_claims) = decode_jwt(ours), decode_jwt(theirs)
    comparison.maps(case, "jwt", our_header, their_header)
    comparison.maps(case, "claim", our_claims, their_claims)
    lifetimes = [claims["exp"] - claims.get("iat", claims.get("nbf")) for claims in (our_claims, their_claims)]
    comparison.same(case, "lifetime", *lifetimes)


def media_type(headers):
    return headers.pop("content-type", "").lower().replace("; ", ";")


def compare_form(comparison, case, ours, theirs):
    """A token request; gives the fields of both."""
    comparison.same(case, "method", ours["method"], theirs["method"])
    comparison.same(case, "url", ours["url"], theirs["url"].partition("?")[0])
    our_headers, their_headers = headers_of(ours), headers_of(theirs)
    comparison.same(case, "form encoding", media_type(our_headers), media_type(their_headers))
    for headers in (our_headers, their_headers):
        headers.pop("content-length", None)
    rename = lambda name: "telemetry" if case.startswith("azure") and TELEMETRY.fullmatch(name) else None
    comparison.maps(case, "header", our_headers, their_headers, rename)
    return tuple(dict(parse_qsl(body_of(request).decode(), keep_blank_values=True)) for request in (ours, theirs))


def compare_google(comparison, case, ours, theirs):
    if case == "google self-signed":
        our_headers, their_headers = headers_of(ours), headers_of(theirs)
        compare_jwt(comparison, case, *(headers["authorization"].removeprefix("Bearer ")
                                        for headers in (our_headers, their_headers)))
        return
    our_fields, their_fields = compare_form(comparison, case, ours, theirs)
    compare_jwt(comparison, case, our_fields.pop("assertion"), their_fields.pop("assertion"))
    comparison.maps(case, "form", our_fields, their_fields)


def compare_request(comparison, case, ours, theirs):
    """One that carries no form."""
    comparison.same(case, "method", ours["method"], theirs["method"])
    our_url, their_url = (urlsplit(request["url"]) for request in (ours, theirs))
    comparison.same(case, "url", our_url[:3], their_url[:3])
    comparison.maps(case, "parameter", dict(parse_qsl(our_url.query)), dict(parse_qsl(their_url.query)))
    our_headers, their_headers = headers_of(ours), headers_of(theirs)
    rename = lambda name: "telemetry" if case.startswith("azure") and TELEMETRY.fullmatch(name) else None
    comparison.maps(case, "header", our_headers, their_headers, rename)
    our_body, their_body = (json.loads(body_of(request) or b"{}") for request in (ours, theirs))
    comparison.maps(case, "member", our_body, their_body)


def compare_aws_subject(comparison, case, ours, theirs):
    """The signed request that Google is to send to AWS."""
    our_request, their_request = (json.loads(unquote(token)) for token in (ours, theirs))
    our_headers, their_headers = ({header["key"].lower(): header["value"] for header in request.pop("headers")}
                                  for request in (our_request, their_request))
    comparison.maps(case, "aws request", our_request, their_request)
    comparison.maps(case, "aws header", our_headers, their_headers)


def compare_federation(comparison, case, ours, theirs):
    if not headers_of(ours).get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return compare_request(comparison, case, ours, theirs)
    our_fields, their_fields = compare_form(comparison, case, ours, theirs)
    if "aws4_request" in our_fields.get("subject_token_type", ""):
        compare_aws_subject(comparison, case, our_fields.pop("subject_token"), their_fields.pop("subject_token"))
    for fields in (our_fields, their_fields):
        fields["options"] = json.loads(fields.get("options") or "{}")
    comparison.maps(case, "form", our_fields, their_fields)


def compare_azure(comparison, case, ours, theirs):
    if ours["method"] == "GET":
        return compare_request(comparison, case, ours, theirs)
    our_fields, their_fields = compare_form(comparison, case, ours, theirs)
    if "certificate" in case:
        compare_jwt(comparison, case, our_fields.pop("client_assertion"), their_fields.pop("client_assertion"))
    rename = lambda name: "telemetry" if TELEMETRY.fullmatch(name.lower()) else None
    comparison.maps(case, "form", our_fields, their_fields, rename)


def first_by_case(path):
    requests = {}
    with open(path, encoding="utf-8") as file:
        for request in json.load(file):
            requests.setdefault(request["case"], request)
    return requests


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        aws = json.load(file)["aws"]
    ours, theirs = first_by_case(sys.argv[2]), first_by_case(sys.argv[3])
    comparison = Comparison(sys.argv[4])
    comparison.maps("cases", "case", dict.fromkeys(ours, True), dict.fromkeys(theirs, True))
    for case in sorted({*ours} & {*theirs}):
        if case.startswith("sagemaker"):
            compare_aws(comparison, case, ours[case], theirs[case], aws)
        elif case.startswith("google file"):
            compare_federation(comparison, case, ours[case], theirs[case])
        elif case.startswith("google"):
            compare_google(comparison, case, ours[case], theirs[case])
        elif case.startswith("federation"):
            compare_federation(comparison, case, ours[case], theirs[case])
        else:
            compare_azure(comparison, case, ours[case], theirs[case])
    return comparison.finish()


if __name__ == "__main__":
    sys.exit(main())
