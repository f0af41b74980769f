"""The metadata services of the clouds at their real addresses, in a network of their own.

`link_local.py EMULATOR CLI` makes a network namespace which has nothing but a loopback device, gives that the
addresses of the services, runs the emulator on port 80 of each and lets `endpointkit whoami` find its identity there
without a single variable. Before that, while packets to everywhere vanish, it measures how long the search takes off
the clouds. The network of the host is not touched; where no namespace can be made it says "skipped".
"""

import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import time

SERVICES = ["169.254.169.254", "169.254.170.2", "169.254.170.23", "fd00:ec2::254"]
URIS = {
    "aws": "sagemaker://us-east-1/my-llama",
    "google": "vertex://emulated-project/us-central1/1",
    "azure": "azureml://model.westeurope.inference.ml.azure.com/score",
}
# A process start and the search itself, which has a second.
LONGEST_SEARCH_S = 1.5


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(0)


def enter():
    """Runs this program again as root of new user, network and mount namespaces."""
    unshare = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
    try:
        tried = subprocess.run([*unshare, "ip", "link"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        skip("unshare or ip are not installed, so the real addresses cannot be tried")
    if tried.returncode != 0:
        skip("no network namespace can be made here: " + tried.stderr.strip())
    os.execvp("unshare", [*unshare, sys.executable, *sys.argv, os.readlink("/proc/self/ns/net")])


def whoami(folder, cloud, extra=None, *arguments):
    """The report, and the seconds that it took."""
    variables = {"HOME": folder, "PATH": "", "AWS_REGION": "us-east-1"} | (extra or {})
    began = time.monotonic()
    done = subprocess.run([sys.argv[2], "whoami", "--json", *arguments, URIS[cloud]], env=variables,
                          capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    if not done.stdout:
        sys.exit(f"{cloud}: no report: {done.stderr}")
    return json.loads(done.stdout), took


def swallow_everything():
    """A device that nobody reads from takes every packet, as a firewall that drops them does."""
    import fcntl  # only where there are namespaces

    device = os.open("/dev/net/tun", os.O_RDWR)
    # TUNSETIFF with IFF_TUN | IFF_NO_PI.
    fcntl.ioctl(device, 0x400454CA, struct.pack("16sH22x", b"nowhere0", 0x1001))
    run("ip", "address", "add", "192.0.2.1/24", "dev", "nowhere0")
    run("ip", "link", "set", "nowhere0", "up")
    run("ip", "route", "add", "default", "dev", "nowhere0")
    return device


def check_search_ends(folder):
    try:
        device = swallow_everything()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"skipped: how long the search takes: no device that swallows packets: {error}")
        return
    for cloud in URIS:
        report, took = whoami(folder, cloud)
        print(f"{cloud}: nothing found in {took:.2f} s")
        assert report["error"], report
        assert took < LONGEST_SEARCH_S, f"{cloud} searched for {took:.2f} s"
    run("ip", "link", "delete", "nowhere0")
    os.close(device)


def start(folder, host, identities):
    """An emulator at the address, and its variables."""
    file = f"{folder}/{host.replace(':', '_')}.env"
    command = [sys.argv[1], "--host", host, "--port", "80", "--env-file", file]
    for identity in identities:
        command += ["--identity", identity]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if "listening" not in process.stdout.readline():
        sys.exit(f"the emulator did not start at {host}")
    with open(file, encoding="utf-8") as lines:
        found = re.findall(r"^export (\w+)='?(.*?)'?$", lines.read(), re.MULTILINE)
    return process, dict(found)


def check_answer(folder, cloud, link, extra, *arguments):
    report, took = whoami(folder, cloud, extra, *arguments)
    answered = [found["name"] for found in report["links"] if found["outcome"] == "answered"]
    assert not report["error"], f"{link}: {report['error']}"
    assert len(answered) == 1 and link in answered[0], (link, report)
    print(f"{link}: {report['provider_says'] or report['identity']} in {took:.2f} s")


def check_services(folder):
    with open(f"{folder}/hosts", "w", encoding="utf-8") as hosts:
        hosts.write("169.254.169.254 metadata.google.internal\n")
    run("mount", "--bind", f"{folder}/hosts", "/etc/hosts")
    for address in SERVICES:
        run("ip", "address", "add", address, "dev", "lo")
    places = {host: start(folder, host, identities) for host, identities in [
        ("169.254.169.254", ["imds"]), ("169.254.170.2", ["ecs-relative"]), ("169.254.170.23", ["ecs"]),
        ("fd00:ec2::254", ["imds"])]}

    def aws(host, *names):
        """Just these variables, and STS, which tells whether the keys are good."""
        url = f"http://[{host}]" if ":" in host else f"http://{host}"
        return {name: places[host][1][name] for name in names} | {"AWS_ENDPOINT_URL_STS": url}

    try:
        check_answer(folder, "aws", "EC2", aws("169.254.169.254"), "--ask")
        check_answer(folder, "aws", "EC2",
                     aws("fd00:ec2::254") | {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": "IPv6"}, "--ask")
        check_answer(folder, "aws", "ECS",
                     aws("169.254.170.2", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), "--ask")
        check_answer(folder, "aws", "EKS", aws("169.254.170.23", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                                               "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"), "--ask")
        check_answer(folder, "google", "metadata", {})
        check_answer(folder, "google", "metadata", {"GCE_METADATA_HOST": "169.254.169.254"})
        check_answer(folder, "azure", "managed", {})
    finally:
        for process, _ in places.values():
            process.terminate()
            process.wait(timeout=30)


def main():
    if len(sys.argv) < 4:
        enter()
    if os.readlink("/proc/self/ns/net") == sys.argv[3]:
        sys.exit("this is still the network of the host: nothing was done")
    run("ip", "link", "set", "lo", "up")
    with tempfile.TemporaryDirectory() as folder:
        check_search_ends(folder)
        check_services(folder)


if __name__ == "__main__":
    main()
