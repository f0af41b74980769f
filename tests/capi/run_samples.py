"""Holds the same chat with each cloud of the emulator, in C and in Python, and compares what is printed.

    run_samples.py EMULATOR SHARED_LIBRARY CHAT_PROGRAM CHAT_PY
"""

import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

CLOUDS = ("SAGEMAKER", "VERTEX", "AZUREML")
TURNS = ("Hello!", "And what did I say before?")


def read_exports(path):
    """The variables of a file of `export NAME='value'` lines."""
    words = (shlex.split(line) for line in path.read_text().splitlines() if line.startswith("export "))
    return dict(assignment.split("=", 1) for _, assignment in words)


def hold_chat(command, uri, environment):
    done = subprocess.run([*command, uri, *TURNS], env=environment, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[-1]} {uri}: exit code {done.returncode}\n{done.stderr.decode()}")
    return done.stdout.decode()


def compare(cloud, programs, variables, library):
    environment = os.environ | variables | {"ENDPOINTKIT_LIBRARY": library}
    answers = [hold_chat(program, variables[f"ENDPOINTKIT_{cloud}_URI"], environment) for program in programs]
    if len(set(answers)) != 1:
        sys.exit(f"{cloud}: the samples differ:\n" + "\n---\n".join(answers))
    lines = [line for line in answers[0].splitlines() if line.strip()]
    if len(lines) < len(TURNS):
        sys.exit(f"{cloud}: {len(TURNS)} answers expected, got:\n{answers[0]}")
    print(f"{cloud}: {answers[0]!r}")


def main(emulator, library, chat, chat_py):
    programs = [[chat], [sys.executable, chat_py]]
    with tempfile.TemporaryDirectory() as folder:
        env_file = pathlib.Path(folder) / "env.sh"
        command = [emulator, "--port", "0", "--tokens-per-second", "2000", "--env-file", str(env_file)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            ready = server.stdout.readline()
            if "listening on" not in ready:
                sys.exit(f"the emulator did not start: {ready}")
            variables = read_exports(env_file)
            for cloud in CLOUDS:
                compare(cloud, programs, variables, library)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
