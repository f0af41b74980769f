#!/usr/bin/env python3
"""The command line against moto, an AWS that verifies signatures, knows keys and enforces policies.

    against_moto.py PATH-TO-endpointkit

A user's own keys and those of a role that is assumed with them are believed by STS and SageMaker; wrong ones are not.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

import boto3

REGION, ROLE = "us-east-1", "arn:aws:iam::123456789012:role/reader"
EVERYTHING = json.dumps({"Version": "2012-10-17",
                         "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::123456789012:user/me"}}]})


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(folder):
    """A server which asks nobody who he is until a user and a role are made, and everybody from then on."""
    port = free_port()
    setup = 5  # the calls below
    variables = {**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(setup), "HOME": folder}
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                              env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert time.monotonic() < deadline, "moto did not start"
            time.sleep(0.1)
    url = f"http://127.0.0.1:{port}"
    iam = boto3.client("iam", endpoint_url=url, region_name=REGION, aws_access_key_id="none",
                       aws_secret_access_key="none")
    iam.create_user(UserName="me")
    iam.put_user_policy(UserName="me", PolicyName="everything", PolicyDocument=EVERYTHING)
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="reader", PolicyName="everything", PolicyDocument=EVERYTHING)
    key = iam.create_access_key(UserName="me")["AccessKey"]
    return server, url, (key["AccessKeyId"], key["SecretAccessKey"])


def run(program, url, variables, *arguments):
    base = {"PATH": "", "AWS_REGION": REGION, "AWS_ENDPOINT_URL": url, "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.run([program, *arguments], env=base | variables, capture_output=True, text=True, timeout=60,
                          check=False)


def check(program, url, key, folder):
    def ask(variables):
        done = run(program, url, {"HOME": folder} | variables, "whoami", "--ask", "--json", "sagemaker://us-east-1/m")
        report = json.loads(done.stdout)
        return report["provider_says"], report["error"]

    def invoke(variables):
        return run(program, url, {"HOME": folder} | variables, "invoke", "sagemaker://us-east-1/m", "--body", '{"x":1}')

    mine = {"AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1]}
    config = os.path.join(folder, "config")
    with open(config, "w", encoding="utf-8") as file:
        file.write(f"[default]\nrole_arn = {ROLE}\nrole_session_name = session\nsource_profile = base\n"
                   f"[profile base]\naws_access_key_id = {key[0]}\naws_secret_access_key = {key[1]}\n")
    profile = {"AWS_CONFIG_FILE": config}
    for variables, arn in [(mine, "arn:aws:iam::123456789012:user/me"),
                           (profile, "arn:aws:sts::123456789012:assumed-role/reader/session")]:
        assert ask(variables) == (arn, None), (arn, ask(variables))
        done = invoke(variables)
        assert done.returncode == 0, done
    wrong = [mine | {"AWS_SECRET_ACCESS_KEY": "wrong"}, mine | {"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN"}]
    for variables in wrong:
        says, error = ask(variables)
        assert says is None and error["code"] == "authentication", (says, error)
        done = invoke(variables)
        assert done.returncode == 3 and "403" in done.stderr, done


def main():
    with tempfile.TemporaryDirectory() as folder:
        server, url, key = start(folder)
        try:
            check(sys.argv[1], url, key, folder)
        finally:
            server.terminate()
            server.wait(10)
    print("moto believes a user and the role it assumes, and refuses a wrong secret and an unknown key")


if __name__ == "__main__":
    main()
