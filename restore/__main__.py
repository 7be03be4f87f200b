"""The command `restore`, also `python -m restore`; handles Ctrl-C from the first moment."""

from __future__ import annotations

import os
import signal


def main() -> None:
    """Run the command line."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not under nohup
        signal.signal(signal.SIGINT, _too_early)
    from restore import cli  # a slow import

    cli.main()


def _too_early(number: int, frame: object) -> None:
    os.write(2, b"interrupted; nothing was done\n")
    os._exit(130)


if __name__ == "__main__":
    main()
