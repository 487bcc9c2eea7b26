"""Write a bundle: all of it or nothing, beside its place first and then renamed."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dqc_compiler.diagnostics import CompilerError, Place
from dqc_compiler.diagnostics.bundle import (
    BundleNotWritten,
    NotEquivalent,
    OutputExists,
    OutputHoldsOtherFiles,
    OutputNotABundle,
    OutputParent,
)
from dqc_compiler.formats.bundle_contents import Contents
from dqc_compiler.formats.manifest import MANIFEST, REPORT, Manifest
from dqc_compiler.formats.verdict import Verdict
from dqc_compiler.interruption import uninterrupted

Verify = Callable[[Path, Manifest], Verdict]

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def check_output(directory: Path, *, force: bool = False, keep_failed: bool = False) -> None:
    """Check that a bundle may be written to `directory`; to be called before compiling.

    With `force` a bundle that is there may be replaced; with `keep_failed` there must be room for
    `<directory>.failed` too.

    Raises:
        CompilerError: if a path is taken or its parent cannot take a new directory (DQC311 to
            DQC314).
    """
    _check_place(directory, force=force)
    if keep_failed:
        _check_place(_failed(directory), force=True)


def _failed(directory: Path) -> Path:
    return directory.with_name(directory.name + ".failed")


def _check_place(directory: Path, *, force: bool) -> None:
    place = Place(file=str(directory))
    target = _resolved(directory)
    try:
        target.lstat()
    except FileNotFoundError:
        _check_parent(target.parent, place, shown=directory.parent)
        return
    except OSError as error:
        raise CompilerError(OutputParent(reason=_reason(error), place=place)) from error
    _check_replaceable(target, place, force=force)
    _check_parent(target.parent, place, shown=directory.parent)


def _resolved(directory: Path) -> Path:
    # A link to a bundle stays a link: what it leads to is replaced.
    try:
        return directory.resolve()
    except (OSError, RuntimeError) as error:  # a loop of links: RuntimeError before Python 3.13
        reason = (
            _reason(error) if isinstance(error, OSError) else "too many levels of symbolic links"
        )
        place = Place(file=str(directory))
        raise CompilerError(OutputParent(reason=reason, place=place)) from error


def _check_parent(parent: Path, place: Place, *, shown: Path) -> None:
    if not parent.exists():
        raise CompilerError(OutputParent(reason=f"there is no directory {shown}", place=place))
    if not parent.is_dir():
        raise CompilerError(OutputParent(reason=f"{shown} is not a directory", place=place))
    if not os.access(parent, os.W_OK | os.X_OK):
        raise CompilerError(OutputParent(reason=f"{shown} may not be written", place=place))


def _check_replaceable(target: Path, place: Place, *, force: bool) -> None:
    if not target.is_dir():
        reason = "there is something here already that is not a directory"
        raise CompilerError(OutputNotABundle(reason=reason, place=place))
    try:
        listed = _listed_files(target)
        foreign = [] if listed is None else sorted(_files_in(target) - listed)
    except OSError as error:
        raise CompilerError(OutputNotABundle(reason=_reason(error), place=place)) from error
    if listed is None:
        reason = "there is a directory here already that is not a bundle"
        raise CompilerError(OutputNotABundle(reason=reason, place=place))
    if not force:
        raise CompilerError(OutputExists(place=place))
    if foreign:
        names = ", ".join(foreign[:5]) + (", ..." if len(foreign) > 5 else "")
        raise CompilerError(OutputHoldsOtherFiles(names=names, place=place))


def _listed_files(directory: Path) -> set[str] | None:
    """Files of a bundle according to its manifest; None if the directory is not a bundle.

    Only what makes it a bundle is looked at, so that one of another version can be replaced.
    """
    try:
        manifest = json.loads((directory / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError, RecursionError):
        return None
    if not isinstance(manifest, dict) or manifest.get("format") != "dqc-bundle":
        return None
    files = manifest.get("files")
    return {MANIFEST, *(files if isinstance(files, dict) else ())}


def _files_in(directory: Path) -> set[str]:
    return {
        path.relative_to(directory).as_posix()
        for path in directory.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }


def write_bundle(
    directory: Path,
    contents: Contents,
    *,
    verify: Verify,
    force: bool = False,
    keep_failed: bool = False,
) -> Contents:
    """Write, verify and complete a bundle; return it with its verdict.

    The bundle grows in a temporary directory beside `directory`, so that an interruption, a full
    disk or a refuted program leaves nothing behind; renaming is the last step. From the verdict on
    signals wait until that is done, because then the result exists.

    Args:
        directory: where the bundle shall be.
        contents: what it holds, without a verdict.
        verify: called with the temporary directory and the manifest so far.
        force: replace a bundle that is there.
        keep_failed: keep a refuted bundle as `<directory>.failed`, replacing an earlier one.

    Raises:
        CompilerError: if the path is refused (DQC311 to DQC314), the operating system refuses to
            write (DQC321), or the verdict is negative (DQC331).
        KeyboardInterrupt: after the temporary directory has been removed.
    """
    check_output(directory, force=force, keep_failed=keep_failed)
    target = _resolved(directory)
    temporary = target.parent / f".dqc-{secrets.token_hex(8)}.tmp"
    try:
        with _reporting_failures(directory):
            _write_files(temporary, contents)
        verdict = verify(temporary, contents.manifest)
        with uninterrupted():
            complete = contents.with_verdict(verdict)
            if verdict.equivalent is not False:
                _finish(temporary, target, complete, shown=directory, force=force)
                return complete
            kept = _keep_failed(temporary, directory, complete) if keep_failed else None
        raise CompilerError(_refuted(verdict, kept, directory))
    finally:
        with uninterrupted():
            shutil.rmtree(temporary, ignore_errors=True)


def _keep_failed(temporary: Path, directory: Path, complete: Contents) -> Path:
    kept = _failed(directory)
    _finish(temporary, _resolved(kept), complete, shown=kept, force=True)
    return kept


def _finish(temporary: Path, target: Path, complete: Contents, *, shown: Path, force: bool) -> None:
    with _reporting_failures(shown):
        _write_text(temporary / REPORT, complete.report.text())
        _write_text(temporary / MANIFEST, complete.manifest.text())
        _sync_directory(temporary)
    check_output(shown, force=force)  # something may have come there in the meantime
    with _reporting_failures(shown):
        _put_in_place(temporary, target)
        _sync_directory(target.parent)


def _refuted(verdict: Verdict, kept: Path | None, directory: Path) -> NotEquivalent:
    failed = [f"{check.name}: {check.detail}" for check in verdict.checks if check.passed is False]
    remedy = "nothing was written; this is a defect of dqc_compiler, --keep-failed keeps its output"
    if kept is not None:
        remedy = f"this is a defect of dqc_compiler; the refuted bundle is {kept}, please report it"
    reason = "; ".join(failed) or "the programs are not equivalent to the circuit"
    return NotEquivalent(reason=reason, remedy=remedy, place=Place(file=str(directory)))


def _write_files(temporary: Path, contents: Contents) -> None:
    temporary.mkdir()
    for folder in sorted({(temporary / path).parent for path in contents.files} - {temporary}):
        folder.mkdir(parents=True)
    for path, text in contents.files.items():
        _write_text(temporary / path, text)
    for folder in {(temporary / path).parent for path in contents.files}:
        _sync_directory(folder)


def _write_text(path: Path, text: str) -> None:
    with path.open("xb") as file:
        file.write(text.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems cannot sync a directory
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put_in_place(temporary: Path, target: Path) -> None:
    """Rename `temporary` to `target`; a bundle that is there ends up removed."""
    if not target.exists():
        temporary.rename(target)
        return
    if _exchange(temporary, target):  # `temporary` is the old bundle now, and is removed as such
        return
    old = target.parent / f".dqc-{secrets.token_hex(8)}.old"
    target.rename(old)
    try:
        temporary.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(first: Path, second: Path) -> bool:
    """Swap two directories in one step, if the platform can: then no moment is without a bundle."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    result = renameat2(
        _AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE
    )
    if result == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):  # this file system or kernel cannot
        return False
    raise OSError(number, os.strerror(number), str(second))


@contextmanager
def _reporting_failures(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        place = Place(file=str(directory))
        raise CompilerError(BundleNotWritten(reason=_reason(error), place=place)) from error


def _reason(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()
