#!/usr/bin/env python3
"""AWS's own SDK against the emulator: boto3 must be believed, decoded and, with a wrong key, refused.

    boto3_sagemaker.py PATH-TO-endpointkit-emulator

Exits with 77 (skipped) if boto3 is not installed: pip install boto3.
"""
import json
import subprocess
import sys

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError, EventStreamError
except ImportError:
    print("skipped: boto3 is not installed")
    sys.exit(77)

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


def client(variables, secret=None):
    return boto3.client(
        "sagemaker-runtime",
        region_name=variables["AWS_REGION"],
        endpoint_url=variables["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=secret or variables["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"max_attempts": 1}))


def stream(runtime, name):
    reply = runtime.invoke_endpoint_with_response_stream(
        EndpointName=name, ContentType="application/json",
        Body=json.dumps({**CHAT, "stream": True}))
    assert reply["ContentType"] == "text/event-stream", reply["ContentType"]
    for event in reply["Body"]:
        yield event["PayloadPart"]["Bytes"]


def refusal(call, expected):
    try:
        call()
    except (ClientError, EventStreamError) as error:
        code = error.response["Error"]["Code"]
        assert code == expected, f"expected {expected}, got {code}: {error}"
        print(f"refused: {error}".splitlines()[0])
        return
    sys.exit(f"expected {expected}, but nothing was refused")


def invoke(runtime, name, body=None):
    return runtime.invoke_endpoint(EndpointName=name, ContentType="application/json",
                                   CustomAttributes="trace=1", Body=json.dumps(body or CHAT))


def check(variables):
    runtime = client(variables)
    reply = invoke(runtime, "chat")
    text = json.loads(reply["Body"].read())["choices"][0]["message"]["content"]
    assert "lighthouses" in text, text
    assert reply["InvokedProductionVariant"] == "AllTraffic"
    assert reply["CustomAttributes"] == "trace=1"

    parts = list(stream(runtime, "chat"))
    streamed = ""
    for line in b"".join(parts).decode().splitlines():
        if line.startswith("data: {"):
            streamed += json.loads(line[6:])["choices"][0]["delta"].get("content", "")
    assert streamed == text, streamed
    assert any(not part.endswith(b"\n") for part in parts)
    print(f"streamed {len(parts)} parts: {streamed[:60]}…")

    binary = bytes(range(256))
    echo = runtime.invoke_endpoint(EndpointName="echo", ContentType="application/x-npy",
                                   Body=binary)
    assert echo["Body"].read() == binary

    wrong = client(variables, secret="wrong")
    refusal(lambda: invoke(wrong, "chat"), "InvalidSignatureException")
    refusal(lambda: invoke(runtime, "missing"), "ValidationError")
    refusal(lambda: invoke(runtime, "failing"), "ModelError")
    refusal(lambda: list(stream(runtime, "broken")), "ModelStreamError")


def main():
    process, variables = start(sys.argv[1])
    try:
        check(variables)
    finally:
        process.terminate()
    assert process.wait(10) == 0, "the emulator did not stop cleanly"
    print("boto3", boto3.__version__, "agrees")


if __name__ == "__main__":
    main()
