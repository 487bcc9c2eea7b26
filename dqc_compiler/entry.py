"""Where the commands begin: signals are answered before anything else is imported.

Python's own answer to Ctrl-C while modules are imported is a traceback, and to SIGTERM none at all.
"""

import os
import signal

EXIT_INTERRUPTED = 130


def _leave(_number: int, _frame: object) -> None:
    os._exit(EXIT_INTERRUPTED)  # nothing has begun; an exception could be lost inside an import


for number in (signal.SIGINT, signal.SIGTERM):
    if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` and shells ask for
        signal.signal(number, _leave)


def main() -> None:
    """The command `dqc`."""
    from dqc_compiler import cli  # noqa: PLC0415  the handlers come first

    cli.main()


def main_compile() -> None:
    """The command `dqc-compile`."""
    from dqc_compiler import cli  # noqa: PLC0415

    cli.main_compile()
