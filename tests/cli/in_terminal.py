"""Runs a command in a terminal of its own, 160 columns wide, and prints what the terminal gets.

Run as `python in_terminal.py COMMAND ARGUMENT...`; leaves with the command's status.
"""

import fcntl
import os
import pty
import struct
import sys
import termios


def main():
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
        os.execvp(sys.argv[1], sys.argv[1:])
    while True:
        try:
            text = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not text:
            break
        sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
