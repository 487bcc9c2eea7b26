"""Verification of node programs against the circuit; imports nothing that helped to write them."""

from dqc_compiler.verify.checks import verify_directory, verify_programs

__all__ = ["verify_directory", "verify_programs"]
