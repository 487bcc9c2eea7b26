"""JSON Schemas of all files and of JSON output, generated from the types."""

from __future__ import annotations

from dqc_compiler.formats.advice_file import AdviceFile
from dqc_compiler.formats.bench_file import BaselineFile, BenchReport, SuiteFile
from dqc_compiler.formats.file_model import FileModel, json_text
from dqc_compiler.formats.manifest import Manifest
from dqc_compiler.formats.network_model import NetworkFile
from dqc_compiler.formats.report import Report
from dqc_compiler.formats.rewrites import Rewrites
from dqc_compiler.formats.schedule_file import ScheduleFile

MODELS: dict[str, type[FileModel]] = {
    "network": NetworkFile,
    "manifest": Manifest,
    "schedule": ScheduleFile,
    "report": Report,
    "rewrites": Rewrites,
    "advice": AdviceFile,
    "suite": SuiteFile,
    "baseline": BaselineFile,
    "bench": BenchReport,
}
"""Name of a schema -> model of the file."""


def schema_text(name: str) -> str:
    """The JSON Schema (draft 2020-12) called `name`, one of `MODELS`."""
    schema = MODELS[name].model_json_schema()
    return json_text({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
