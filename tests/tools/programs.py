"""The emulator's faults, recordings and replays as a user orders them: by flags.

    programs.py PATH-TO-endpointkit-emulator PATH-TO-endpointkit
"""
import contextlib
import pathlib
import subprocess
import sys
import tempfile

EMULATOR, CLI = sys.argv[1:3]


@contextlib.contextmanager
def emulator(folder, *flags):
    command = [EMULATOR, "--port", "0", "--tokens-per-second", "0", "--env-file", folder / "env", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline().startswith("endpointkit-emulator listening on ")
            yield
        finally:
            process.terminate()


def run(folder, command):
    shell = f'set -a; . "$0"; exec "$1" {command}'
    done = subprocess.run(["bash", "-c", shell, folder / "env", CLI], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def chat(folder, redirection=""):
    return run(folder, f'chat "$ENDPOINTKIT_AZUREML_URI" -m "Tell me about bridges." {redirection}')


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    tape = folder / "tape"
    with emulator(folder, "--record", tape):
        code, recorded, _ = chat(folder)
        assert code == 0 and len(recorded) > 100, recorded
    assert len(list(tape.iterdir())) == 1
    for speed in "0", "1000":
        with emulator(folder, "--replay", tape, "--replay-speed", speed):
            assert chat(folder) == (0, recorded, ""), speed
    with emulator(folder, "--fault", "cut;after=900"):
        code, text, why = chat(folder)
        assert code != 0 and recorded.startswith(text.strip()) and text.strip(), text
        assert "truncated" in why and code == 4, (code, why)
    with emulator(folder):
        body = '{"messages":[{"role":"user","content":"Hi"}]}'
        invoke = f'''invoke "$ENDPOINTKIT_AZUREML_URI" -b '{body}' '''
        for code, text, why in chat(folder, ">&-"), run(folder, invoke + ">&-"), run(folder, invoke + "--stream >&-"):
            assert code == 1 and "could not be written" in why, (code, why)
        assert run(folder, invoke)[0] == 0
