"""Values for the parameters of a bundle, without the compiler."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dqc_compiler.formats.bundle_binding import bound_contents
from dqc_compiler.formats.bundle_contents import Contents
from dqc_compiler.formats.bundle_in import read_bundle
from dqc_compiler.formats.bundle_out import check_output, write_bundle
from dqc_compiler.garbage import collection_paused


@collection_paused()
def bind_bundle(
    bundle: str | Path, values: Mapping[str, float], directory: str | Path, *, force: bool = False
) -> Contents:
    """Write a bundle again with values of parameters; the work is that of copying it.

    Args:
        bundle: that was compiled with parameters.
        values: by the names of parameters; those without a value stay inputs.
        directory: where the new bundle shall be; its parent must exist.
        force: replace a bundle that is there.

    Returns:
        What was written.

    Raises:
        CompilerError: if the bundle cannot be read, the values are not those of parameters
            (DQC541 to DQC544), or the place is refused (DQC311 to DQC314).
    """
    check_output(Path(directory), force=force)
    contents = bound_contents(read_bundle(bundle), values)
    verdict = contents.manifest.verdict
    return write_bundle(Path(directory), contents, verify=lambda *_: verdict, force=force)
