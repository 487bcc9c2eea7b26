"""OpenQASM 3 text into the statements of the reference syntax tree.

The reference parser takes about 0.3 ms per statement. So the statements that large circuits are
made of (gate calls, measurements and resets on single bits, gates that depend on one bit) are
recognised here and their nodes built directly. Everything else goes through the parser, with the
line and column of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

import openqasm3.parser
from antlr4 import CommonTokenStream, InputStream  # type: ignore[import-untyped]
from antlr4.error.ErrorListener import ErrorListener  # type: ignore[import-untyped]
from openqasm3 import ast

from dqc_compiler.diagnostics.circuit import CircuitSyntax, NestedTooDeeply
from dqc_compiler.diagnostics.core import CompilerError, Place
from dqc_compiler.formats.circuit_text import CircuitText
from dqc_compiler.formats.qasm3_values import POWER

_PARSER: Any = openqasm3.parser  # generated and untyped
_RUN = 64 * 2**10  # characters given to the parser at once, where there is a place to cut
_DEEPEST = 1000  # braces

_COMMENT = re.compile(r"\"[^\"\n]*\"|//[^\n]*|/\*(?:.*?\*/|.*)", re.DOTALL)
_MARK = re.compile(r"^[ \t]*(?:@|#?pragma\b)[^\n]*|\"[^\"\n]*\"|[;{}]", re.MULTILINE)
_OPERAND = r"[^\W\d]\w*(?:\s*\[\s*\d{1,9}\s*\])?"
_GATE = re.compile(rf"([^\W\d]\w*)(?:\s*\(([^()]*)\)\s*|\s+)({_OPERAND}(?:\s*,\s*{_OPERAND})*)\s*;")
_MEASURE = re.compile(rf"({_OPERAND})\s*=\s*measure\s+({_OPERAND})\s*;")
_RESET = re.compile(rf"reset\s+({_OPERAND})\s*;")
_IF = re.compile(
    rf"if\s*\(\s*(!\s*)?({_OPERAND})\s*(?:==\s*(true|false|\d{{1,9}})\s*)?\)\s*"
    r"\{([^{}]*)\}"
)
_ELSE = re.compile(r"\s*else\b")
_NUMBER = re.compile(r"(\d{1,300})|(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+")
_KEYWORD = re.compile(
    r"(?:OPENQASM|include|defcalgrammar|def|cal|defcal|gate|extern|box|let|break|continue|if|else"
    r"|end|return|for|while|in|switch|case|default|nop|pragma|input|output|const|readonly|mutable"
    r"|qreg|qubit|creg|bool|bit|int|uint|float|angle|complex|array|void|duration|stretch|gphase"
    r"|inv|pow|ctrl|negctrl|dim|durationof|delay|reset|measure|barrier)\b"
)
_POWER = re.compile(r"\bpow\s*\(")
_BRACKET = re.compile(r"[()]")
_AT = re.compile(r"\s*@")
_LONG_NUMBER = re.compile(r"\d{1000}")
_EXPECTED = re.compile(r"expecting (\{.*\}|'.*?'|\w+)$", re.DOTALL)
_MISSING = re.compile(r"missing (.+) at ", re.DOTALL)
_PLACE = re.compile(r"L(\d+):C(\d+): (.*)", re.DOTALL)


class _Piece(NamedTuple):
    """A top-level statement, or part of one that holds braces: text[start:end]."""

    start: int
    end: int
    mark: str  # the ; or } at its end, or nothing at the end of the text
    node: ast.Statement | None  # built directly


class _SyntaxError(Exception):
    def __init__(self, line: int, column: int, problem: str) -> None:
        super().__init__(problem)
        self.line = line
        self.column = column
        self.problem = problem.replace(POWER, "pow")


def parse_statements(source: CircuitText) -> Iterator[ast.Statement]:
    """The statements of a program in order, each with its span.

    Raises:
        CompilerError: the text breaks the grammar; the statements before have been given out.
    """
    text = _with_powers(_without_comments(source))
    run: list[_Piece] = []
    for piece in _pieces(source, text):
        if run and (piece.node is not None or _may_cut(run, text, piece)):
            yield from _parsed(source, text, run)
            run = []
        if piece.node is None:
            run.append(piece)
        else:
            yield piece.node
    if run:
        yield from _parsed(source, text, run)


def _without_comments(source: CircuitText) -> str:
    """The text with every comment replaced by spaces, so that all lines and columns stay."""

    def blank(match: re.Match[str]) -> str:
        found = match.group()
        if found.startswith('"'):
            return found
        if found.startswith("/*") and (len(found) < 4 or not found.endswith("*/")):
            place = source.place_of(match.start())
            raise CompilerError(CircuitSyntax(place=place, problem="this comment has no end"))
        return re.sub(r"[^\n]", " ", found)

    return _COMMENT.sub(blank, source.text)


def _with_powers(text: str) -> str:
    """The text with the function `pow` under a name that the grammar takes for one."""

    def renamed(match: re.Match[str]) -> str:
        is_modifier = _AT.match(text, _closing(text, match.end() - 1))
        return match.group() if is_modifier else POWER + match.group()[len("pow") :]

    return _POWER.sub(renamed, text)


def _closing(text: str, start: int) -> int:
    """The position behind the bracket that closes the one at `start`, or the end of the text."""
    depth = 0
    for match in _BRACKET.finditer(text, start):
        depth += 1 if match.group() == "(" else -1
        if depth == 0:
            return match.end()
    return len(text)


def _may_cut(run: list[_Piece], text: str, following: _Piece) -> bool:
    """Whether the parser may see the statements so far without the following one."""
    if following.end - run[0].start < _RUN or run[-1].mark != ";":
        return False
    return not text.startswith("else", following.start)


def _pieces(source: CircuitText, text: str) -> Iterator[_Piece]:
    builder = _NodeBuilder(source, text)
    start, depth, before = 0, 0, ";"
    for match in _MARK.finditer(text):
        mark = match.group()
        if mark == "{":
            depth += 1
            if depth > _DEEPEST:
                raise CompilerError(NestedTooDeeply(place=source.place_of(match.start())))
        elif mark == "}":
            depth = max(0, depth - 1)
        if mark not in (";", "}") or depth:
            continue
        chunk = text[start : match.end()]
        first = match.end() - len(chunk.lstrip())
        # What follows a brace may be the body of a loop over a set.
        node = builder.node(first, match.end()) if before == ";" else None
        yield _Piece(first, match.end(), mark, node)
        start, before = match.end(), ";" if node is not None else mark
    rest = text[start:]
    if rest.strip():
        yield _Piece(start + len(rest) - len(rest.lstrip()), len(text), "", None)


class _NodeBuilder:
    """Builds the nodes of simple statements; equal operands and angles share theirs."""

    def __init__(self, source: CircuitText, text: str) -> None:
        self._source = source
        self._text = text
        self._operands: dict[str, Any] = {}
        self._expressions: dict[str, ast.Expression | None] = {}

    def node(self, start: int, end: int) -> ast.Statement | None:
        """The node of the statement text[start:end]; None if it is not a simple one."""
        statement = self._text[start:end]
        found = self._branch(statement, start) if statement[-1] == "}" else self._flat(statement)
        if found is not None:
            line, column = self._source.position(start)
            last_line, last_column = self._source.position(end - 1)
            found.span = ast.Span(line, column - 1, last_line, last_column - 1)
        return found

    def _branch(self, statement: str, start: int) -> ast.Statement | None:
        """An `if` on one bit or register whose body is simple and that has no `else`."""
        branch = _IF.fullmatch(statement)
        if branch is None or _ELSE.match(self._text, start + len(statement)):
            return None
        negated, operand, value, body = branch.groups()
        if operand in ("true", "false"):
            return None
        block: list[ast.Statement] = []
        offset = start + branch.start(4)
        for part in body.split(";")[:-1]:
            first = offset + len(part) - len(part.lstrip())
            node = self.node(first, offset + len(part) + 1)
            if node is None:
                return None
            block.append(node)
            offset += len(part) + 1
        if body[body.rfind(";") + 1 :].strip():
            return None
        condition = _condition(operand, value)
        if negated:
            if value:
                return None  # binds more tightly than the comparison
            condition = ast.UnaryExpression(ast.UnaryOperator["!"], condition)
        return ast.BranchingStatement(condition=condition, if_block=block, else_block=[])

    def _flat(self, statement: str) -> ast.Statement | None:
        gate = _GATE.fullmatch(statement)
        if gate and not _KEYWORD.match(statement):
            return self._gate(*gate.groups())
        measure = _MEASURE.fullmatch(statement)
        if measure:
            target, qubit = map(self._operand, measure.groups())
            return ast.QuantumMeasurementStatement(
                measure=ast.QuantumMeasurement(qubit=qubit), target=target
            )
        reset = _RESET.fullmatch(statement)
        return ast.QuantumReset(qubits=self._operand(reset.group(1))) if reset else None

    def _gate(self, name: str, arguments: str | None, operands: str) -> ast.Statement | None:
        texts = arguments.split(",") if arguments and arguments.strip() else []
        angles = [self._expression(text.strip()) for text in texts]
        if None in angles:
            return None
        return ast.QuantumGate(
            modifiers=[],
            name=ast.Identifier(name),
            arguments=[angle for angle in angles if angle is not None],
            qubits=[self._operand(text) for text in operands.split(",")],
            duration=None,
        )

    def _operand(self, text: str) -> Any:
        if text not in self._operands:
            name, bracket, index = text.strip().partition("[")
            node: Any = ast.Identifier(name.strip())
            if bracket:
                number = ast.IntegerLiteral(int(index.rstrip("] \t\r\n")))
                node = ast.IndexedIdentifier(name=node, indices=[[number]])
            self._operands[text] = node
        return self._operands[text]

    def _expression(self, text: str) -> ast.Expression | None:
        if text not in self._expressions:
            self._expressions[text] = _expression(text)
        return self._expressions[text]


def _condition(operand: str, value: str | None) -> ast.Expression:
    """A bit, an element of a register, or one of them compared with a constant."""
    name, bracket, index = operand.partition("[")
    read: ast.Expression = ast.Identifier(name.strip())
    if bracket:
        number = ast.IntegerLiteral(int(index.rstrip("] \t\r\n")))
        read = ast.IndexExpression(collection=read, index=[number])
    if value is None:
        return read
    constant = (
        ast.IntegerLiteral(int(value)) if value.isdigit() else ast.BooleanLiteral(value == "true")
    )
    return ast.BinaryExpression(ast.BinaryOperator["=="], read, constant)


def _expression(text: str) -> ast.Expression | None:
    """The node of an expression without a span, None if it is not one."""
    negative = text.startswith("-")
    number = _NUMBER.fullmatch(text.removeprefix("-").lstrip())
    if number is None:
        return _parsed_expression(text)
    value: ast.Expression = (
        ast.IntegerLiteral(int(number.group()))
        if number.group(1)
        else ast.FloatLiteral(float(number.group()))
    )
    return ast.UnaryExpression(ast.UnaryOperator["-"], value) if negative else value


def _parsed_expression(text: str) -> ast.Expression | None:
    try:
        statements = _program(text + ";", 1, 0).statements
    except (_SyntaxError, openqasm3.parser.QASM3ParsingError, ValueError):
        return None
    if len(statements) != 1 or not isinstance(statements[0], ast.ExpressionStatement):
        return None
    statement = statements[0]
    _forget_spans(statement.expression)
    return statement.expression


def _forget_spans(node: Any) -> None:
    """Positions within an expression that several statements share would be those of none."""
    if isinstance(node, list):
        for item in node:
            _forget_spans(item)
    elif isinstance(node, ast.QASMNode):
        node.span = None
        for value in vars(node).values():
            _forget_spans(value)


def _parsed(source: CircuitText, text: str, run: list[_Piece]) -> list[ast.Statement]:
    """Statements by way of the reference parser."""
    start, end = run[0].start, run[-1].end
    line, column = source.position(start)
    try:
        if end - start > 4 * _RUN:
            # One huge statement. If it is no program at all, its beginning shows it at once.
            _check_beginning(text[start : start + _RUN], line, column - 1)
        statements: list[Any] = _program(text[start:end], line, column - 1).statements
    except _SyntaxError as error:
        place = source.place(error.line, error.column + 1)
        raise CompilerError(CircuitSyntax(place=place, problem=error.problem)) from None
    except openqasm3.parser.QASM3ParsingError as error:
        place, problem = _place_of(source, str(error))
        raise CompilerError(CircuitSyntax(place=place, problem=problem)) from error
    except ValueError as error:  # Python's limit on the digits of an integer
        number = _LONG_NUMBER.search(text, start, end)
        place = source.place_of(number.start() if number else start, width=1)
        problem = "a number has too many digits"
        raise CompilerError(CircuitSyntax(place=place, problem=problem)) from error
    return statements


def _check_beginning(text: str, line: int, column: int) -> None:
    last_line = line + text.count("\n")
    try:
        _program(text, line, column)
    except _SyntaxError as error:
        if error.line < last_line - 1:  # not because the text was cut
            raise
    except openqasm3.parser.QASM3ParsingError:
        return


def _place_of(source: CircuitText, message: str) -> tuple[Place, str]:
    match = _PLACE.fullmatch(message)
    if match is None:
        return Place(file=source.name), message
    return source.place(int(match.group(1)), int(match.group(2)) + 1), match.group(3)


def _program(text: str, line: int, column: int) -> ast.Program:
    """Parse a text that starts at a line (from 1) and column (from 0) of a larger one."""
    lexer = _PARSER.qasm3Lexer(InputStream(text))
    lexer._interp.line, lexer._interp.column = line, column
    parser = _PARSER.qasm3Parser(CommonTokenStream(lexer))
    for recognizer in (lexer, parser):
        recognizer.removeErrorListeners()
        recognizer.addErrorListener(_FirstError())
    program: ast.Program = _PARSER.QASMNodeVisitor().visitProgram(parser.program())
    return program


class _FirstError(ErrorListener):  # type: ignore[misc]
    """Stops at the first error instead of guessing how the text goes on."""

    def syntaxError(self, *event: Any) -> NoReturn:  # noqa: N802  the parser calls it
        _, symbol, line, column, message, _ = event
        raise _SyntaxError(line, column, _problem(message, symbol))


def _problem(message: str, symbol: Any) -> str:
    """The parser's message, without the lists of everything that could have stood there."""
    if symbol is None:
        found = message.removeprefix("token recognition error at: ")
        return f"no word of OpenQASM 3 begins with {found[:2].rstrip()}'"
    missing = _MISSING.match(message)
    found = "the end of the text" if symbol.text == "<EOF>" else f"'{symbol.text}'"
    if missing:
        return f"{missing.group(1)} is missing before {found}"
    expected = _EXPECTED.search(message)
    if expected and expected.group(1).count(",") < 3:
        options = expected.group(1).strip("{}").replace("<EOF>", "the end of the text")
        return f"{found} stands where {options} is expected"
    return f"{found} is not expected here"
