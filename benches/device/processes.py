"""Programs that end when the one that started them does, so that the next call has the device for itself."""

import ctypes
import signal
import subprocess

DIE_WITH_PARENT = 1


def _die_with_parent():
    try:
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    except (OSError, AttributeError):
        pass


def start(command, **options):
    return subprocess.Popen(command, preexec_fn=_die_with_parent, **options)


def run(command, **options):
    """Runs to the end; texts come back."""
    return subprocess.run(command, preexec_fn=_die_with_parent, text=True, **options)
