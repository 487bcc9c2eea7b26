"""Colours for OpenQASM 3, as far as the pages use it."""

from __future__ import annotations

from typing import ClassVar

from pygments.lexer import RegexLexer, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text
from sphinx.application import Sphinx

_KEYWORDS = "OPENQASM include gate if else for in while def return input ctrl inv pow"
_TYPES = "qubit bit qreg creg int uint float angle bool"
_OPERATIONS = "measure reset barrier delay"


class OpenQasmLexer(RegexLexer):
    """OpenQASM 2 and 3."""

    name = "OpenQASM"
    aliases: ClassVar[list[str]] = ["qasm"]
    tokens: ClassVar[dict[str, list[object]]] = {
        "root": [
            (r"\s+", Text),
            (r"//[^\n]*", Comment.Single),
            (r'"[^"\n]*"', String),
            (words(_KEYWORDS.split(), suffix=r"\b"), Keyword),
            (words(_TYPES.split(), suffix=r"\b"), Keyword.Type),
            (words(_OPERATIONS.split(), suffix=r"\b"), Name.Builtin),
            (r"\d+(\.\d*)?([eE][+-]?\d+)?(ns|us|ms|s|dt)?\b\.?", Number),
            (r"[^\W\d]\w*", Name),
            (r"[-+*/%=<>!&|^~@]+", Operator),
            (r"[\[\](){};,:.]", Punctuation),
        ]
    }


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the colours to a build."""
    app.add_lexer("qasm", OpenQasmLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
