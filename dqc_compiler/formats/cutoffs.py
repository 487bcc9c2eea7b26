"""What is older than the cutoff of its link, as schedule.json and report.json tell it."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import Field

from dqc_compiler.formats.file_model import FileModel
from dqc_compiler.ir import Schedule


class CutoffViolations(FileModel):
    """What is older than the cutoff of its link: as planned, and in random runs."""

    pairs_with_cutoff: int = Field(ge=0, description="pairs on links with a cutoff")
    copies_with_cutoff: int = Field(ge=0, description="copies made of such pairs")
    pairs: int = Field(ge=0, description="of these pairs, those planned to be older at their use")
    copies: int = Field(ge=0, description="of these copies, those planned to live longer")
    pair_rate: float = Field(ge=0, le=1, description="share of these pairs, over random runs")
    copy_rate: float = Field(ge=0, le=1, description="share of these copies, over random runs")
    run_rate: float = Field(ge=0, le=1, description="share of the runs with any of both")


def cutoff_violations(schedule: Schedule) -> CutoffViolations | None:
    """What is older than its cutoff, None if no link has one; rates to a billionth."""
    if all(link.cutoff_us is None for link in schedule.program.network.links):
        return None
    figures = {
        name: round(value, 9) if isinstance(value, float) else value
        for name, value in asdict(schedule.violations).items()
    }
    return CutoffViolations.model_validate(figures)
