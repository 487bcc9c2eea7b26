"""What the command line does around its commands: output, diagnostics, signals, exit codes."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from dqc_compiler.diagnostics import CompilerError, Diagnostic, Place
from dqc_compiler.diagnostics.usage import BadUsage, FileNotWritten, InternalError

if TYPE_CHECKING:
    from rich.console import Console

EXIT_INTERRUPTED = 130
_SECONDS_BEFORE_PROGRESS = 1.0
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


class StdoutClosedError(Exception):
    """Whoever read our standard output has closed it; there is nobody to tell."""


class Terminal:
    """Data on standard output; everything else on standard error, through one rich console."""

    def __init__(self) -> None:
        self.json_diagnostics = False
        self._console: Console | None = None

    @property
    def console(self) -> Console:
        """The console on standard error; it honours NO_COLOR."""
        if self._console is None:
            from rich.console import Console  # noqa: PLC0415 (not needed for --help)

            self._console = Console(
                stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False
            )
        return self._console

    def emit(self, text: str) -> None:
        """Write data to standard output.

        Raises:
            StdoutClosedError: if nobody reads it any more.
            CompilerError: if it cannot be written (DQC511).
        """
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            _silence_stdout()
            raise StdoutClosedError from None
        except OSError as error:
            _silence_stdout()
            reason = (error.strerror or str(error)).lower()
            place = Place(file="standard output")
            raise CompilerError(FileNotWritten(reason=reason, place=place)) from error

    def note(self, text: str) -> None:
        """A line for the user that is neither data nor a problem."""
        if not self.json_diagnostics:
            self.console.print(text)

    def warn(self, text: str) -> None:
        """A warning."""
        if self.json_diagnostics:
            self._print_json({"warning": text})
        else:
            self.console.print(f"warning: {text}", style="yellow")

    def show(self, diagnostics: Iterable[Diagnostic]) -> None:
        """All diagnostics of one error."""
        for number, diagnostic in enumerate(diagnostics):
            if self.json_diagnostics:
                self._print_json(diagnostic.as_dict())
                continue
            if number:
                self.console.print()
            first, *rest = str(diagnostic).split("\n")
            self.console.print(first, style="bold red")
            self.console.print("\n".join(rest))

    def _print_json(self, content: dict[str, Any]) -> None:
        print(json.dumps(content), file=sys.stderr)

    def dump(self, name: str, text: str) -> None:
        """What a pass has made."""
        if self.json_diagnostics:
            self._print_json({"pass": name, "made": text})
        else:
            self.console.print(f"--- after {name}\n{text}", end="")

    @contextmanager
    def progress(self, text: str) -> Iterator[Callable[[str], None]]:
        """Show what is going on, once it has taken a second, if a person is watching.

        Args:
            text: what is going on first.

        Yields:
            What is called with the name of what is going on next.
        """
        if self.json_diagnostics or not self._is_watched:
            yield lambda _: None
            return
        from rich.progress import (  # noqa: PLC0415 (not needed for --help)
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        columns = SpinnerColumn(), TextColumn("{task.description}", markup=False)
        display = Progress(
            *columns,
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        task = display.add_task(text, total=None)
        patience = threading.Timer(_SECONDS_BEFORE_PROGRESS, display.start)
        patience.daemon = True
        patience.start()
        try:
            yield lambda name: display.update(task, description=name)
        finally:
            patience.cancel()
            patience.join()
            display.stop()

    @property
    def _is_watched(self) -> bool:
        """Whether standard error is a terminal that can rewrite a line."""
        return sys.stderr is not None and sys.stderr.isatty() and self.console.is_interactive


def run(command: click.Command, program: str) -> NoReturn:
    """Run a command and end the process with the exit code of what happened."""
    try:
        _listen()
        # Names of files and bits come from anywhere; they must not break the message about them.
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError):
                stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        code = execute(command, program, sys.argv[1:])
    except KeyboardInterrupt:  # at the very start, or while the first one was being answered
        code = EXIT_INTERRUPTED
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.exit(code)


def _listen() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` and shells ask for
            signal.signal(number, _interrupt)


def execute(command: click.Command, program: str, arguments: list[str]) -> int:
    """Run a command, show what went wrong, and return the exit code."""
    terminal = Terminal()
    try:
        code = command.main(arguments, prog_name=program, standalone_mode=False, obj=terminal)
    except StdoutClosedError:
        return 0
    except (click.Abort, KeyboardInterrupt):
        terminal.note("interrupted")
        return EXIT_INTERRUPTED
    except CompilerError as error:
        terminal.show(error.diagnostics)
        return error.exit_code
    except click.ClickException as error:
        return _show_bad_usage(error, program, terminal)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return _show_no_room(error, terminal)
        return _show_internal(error, terminal)
    return code if isinstance(code, int) else 0


def _show_bad_usage(error: click.ClickException, program: str, terminal: Terminal) -> int:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else program
    reason = error.format_message().rstrip(".")
    diagnostic = BadUsage(reason=reason, usage=f"`{command} --help` shows all options")
    terminal.show([diagnostic])
    return diagnostic.exit_code


def _show_no_room(error: OSError, terminal: Terminal) -> int:
    """A library could not write, for example compiled kernels to its cache."""
    place = None if error.filename is None else Place(file=str(error.filename))
    diagnostic = FileNotWritten(reason=(error.strerror or str(error)).lower(), place=place)
    terminal.show([diagnostic])
    return diagnostic.exit_code


def _show_internal(error: Exception, terminal: Terminal) -> int:
    if os.environ.get("DQC_TRACEBACK"):
        traceback.print_exception(error)
    words = " ".join(str(error).split())
    diagnostic = InternalError(reason=f"{type(error).__name__}: {words}"[:300])
    terminal.show([diagnostic])
    return diagnostic.exit_code


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _silence_stdout() -> None:
    """What is still buffered must not fail a second time, with a traceback, at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
