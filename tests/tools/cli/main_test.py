"""The command line as a process: its arguments, its exit codes and what it does without a place to read or write.

    main_test.py ENDPOINTKIT
"""

import os
import subprocess
import sys

HELLO = ["chat", "sagemaker://us-east-1/chat", "-m", "Hi"]
# Arguments, exit code, a part of standard error.
REFUSED = [
    (["bogus"], 2, 'there is no command "bogus"; known are chat, invoke, whoami, sign, decode'),
    (["bogus", "--deep"], 2, 'there is no command "bogus"'),
    ([], 2, "A subcommand is required"),
    (["chat"], 2, "uri is required"),
    (HELLO + ["--max-tokens", "0"], 2, "expected a whole number, 1 or more, got 0"),
    (HELLO + ["--max-tokens", "99999999999999999999"], 2, "expected a whole number, 1 or more, got 9"),
    (HELLO + ["--temperature", "-1"], 2, "expected a number, 0 or more, got -1"),
    (HELLO + ["--temperature", "nan"], 2, "expected a number, 0 or more, got nan"),
    (["decode", "-", "--chunk", "0"], 2, "expected a whole number of 1 to 16777216, got 0"),
    (["decode", "-", "--chunk", "16777217"], 2, "expected a whole number of 1 to 16777216, got 16777217"),
    (["decode", "-", "--chunk", "9223372036854775807"], 2, "expected a whole number of 1 to 16777216"),
    (HELLO[:2], 2, "there is nothing to say"),
    # An option that can be repeated takes one value, and leaves the URI.
    (["chat", "-o", "dialect=openai", HELLO[1], "-m", " "], 2, "there is nothing to say"),
    (["chat", "-n", "http_version=1.1", HELLO[1], "-m", " "], 2, "there is nothing to say"),
    (["invoke", "-H", "none", HELLO[1], "-b", "{}"], 2, '"none" is no header'),
]
# Ways to use standard input, which cannot be read.
READERS = [HELLO[:2], ["invoke", HELLO[1], "-b", "@-"], ["decode", "-"], ["sign", "-", "--service", "sagemaker"]]
RECORDED = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
FAILURES = []


def check(what, good, got):
    if not good:
        FAILURES.append(f"{what}: {got}")


def run(program, arguments, **more):
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"}
    if "input" not in more:
        more = {"stdin": subprocess.DEVNULL} | more
    return subprocess.run([program, *arguments], env=environment, stderr=subprocess.PIPE, timeout=60, check=False,
                          **({"stdout": subprocess.PIPE} | more))


def check_refusals(program):
    for arguments, code, said in REFUSED:
        done = run(program, arguments)
        error = done.stderr.decode()
        check(arguments, done.returncode == code and said in error and len(error) < 500 and not done.stdout, done)


def check_no_input(program):
    for arguments in READERS:
        closed = run(program, arguments, stdin=None, preexec_fn=lambda: os.close(0))
        check(arguments, closed.returncode == 2 and b"cannot be read" in closed.stderr and not closed.stdout, closed)
        folder = os.open("/", os.O_RDONLY)
        done = run(program, arguments, stdin=folder)
        os.close(folder)
        check(arguments, done.returncode == 2 and b"cannot be read" in done.stderr and not done.stdout, done)


def check_no_output(program):
    for arguments in [["decode", "-"], ["--help"], ["--version"]]:
        good = run(program, arguments, input=RECORDED)
        check(arguments, good.returncode == 0 and good.stdout, good)
        with open("/dev/full", "wb") as full:
            done = run(program, arguments, input=RECORDED, stdout=full)
        check(arguments, done.returncode == 1 and b"could not be written" in done.stderr, done)
        done = run(program, arguments, input=RECORDED, stdout=None, preexec_fn=lambda: os.close(1))
        check(arguments, done.returncode == 1 and b"could not be written" in done.stderr, done)


check_refusals(sys.argv[1])
check_no_input(sys.argv[1])
check_no_output(sys.argv[1])
sys.exit("\n".join(FAILURES) or 0)
