"""The program `icefold`, from the wheel: `icefold ...` or `python -m icefold ...`."""

import sys

from ._icefold import main as _main


def main() -> int:
    return _main(["icefold", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
