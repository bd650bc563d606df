"""A process that has imported the library already, and starts one that trains for every line that it reads."""

import contextlib
import os
import pathlib
import subprocess
import sys

import symloss

FORKS = """
import os, sys, traceback

for line in sys.stdin:  # a process for each, which has nothing but the file to go on from
    process, code = os.fork(), 1
    if process == 0:
        try:
            train()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    print(process, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""


class Starter:
    """Starts processes that call the function `train` of a script, one after another."""

    def __init__(self, process):
        self.process = process

    def start(self) -> int:
        """Start a process, and return its number."""
        print("train", file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def code(self) -> int:
        """Wait until the process ends, and return its exit code."""
        return int(self.process.stdout.readline())


@contextlib.contextmanager
def starter(script):
    """Run a script that defines `train`, and give what calls it in processes of its own."""
    roots = filter(None, [str(pathlib.Path(symloss.__file__).parents[1]), os.environ.get("PYTHONPATH")])
    process = subprocess.Popen([sys.executable, "-c", script + FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env=os.environ | {"PYTHONPATH": os.pathsep.join(roots)}, text=True)
    with process:
        yield Starter(process)
        process.stdin.close()


def lives(process) -> bool:
    """Return whether a process has not been waited for yet."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
