#!/usr/bin/env python3
"""The command line against a server that verifies with botocore: the right key is believed, each wrong one refused.

    against_botocore.py PATH-TO-endpointkit
"""
import os
import subprocess
import sys

KEY_ID, SECRET, TOKEN = "ASIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "FwoGZXIvYXdzE/+=EXAMPLE"
BODIES = {"json": b'{"x":[1,2,3]}', "empty": b"", "binary": bytes(range(256)), "text": "h\u00e9llo".encode()}
OPTIONS = ["-o", "target_variant=v 1", "-o", 'custom_attributes=k="v";  two  blanks']


def invoke(program, url, body, key_id=KEY_ID, secret=SECRET, token=TOKEN):
    variables = {"PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret,
                 "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": url}
    if token:
        variables["AWS_SESSION_TOKEN"] = token
    return subprocess.run([program, "invoke", "sagemaker://eu-west-1/my-endpoint", "--body", "@-", *OPTIONS],
                          input=body, env=variables, capture_output=True, timeout=60, check=False)


def main():
    program = sys.argv[1]
    folder = os.path.dirname(os.path.abspath(__file__))
    server = subprocess.Popen([sys.executable, os.path.join(folder, "sigv4_server.py"), KEY_ID, SECRET, TOKEN],
                              stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip()
        for name, body in BODIES.items():
            done = invoke(program, url, body)
            assert done.returncode == 0 and b"verified" in done.stdout, (name, done)
        wrong = {"secret": {"secret": "wrong"}, "key id": {"key_id": "ASIAOTHER"}, "token": {"token": "other"},
                 "missing token": {"token": ""}}
        for name, change in wrong.items():
            done = invoke(program, url, b"{}", **change)
            assert done.returncode == 3 and b"403" in done.stderr, (name, done)
    finally:
        server.terminate()
        server.wait(10)
    print(f"botocore believes {len(BODIES)} bodies of ours and refuses {len(wrong)} wrong proofs")


if __name__ == "__main__":
    main()
