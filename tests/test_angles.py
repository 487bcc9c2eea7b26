"""Angles that depend on parameters: their arithmetic, their columns and their texts."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.formats.expressions import evaluate, evaluate_formula
from dqc_compiler.formats.flat_qasm import read_flat_qasm
from dqc_compiler.formats.qasm_text import angle_text
from dqc_compiler.ir import Angle, Circuit, Operation, Parameter
from dqc_compiler.ir.angles import COMPILER, Symbols, evaluated, generic_value, wrapped
from tests.strategies import PARAMETERS, angles, make_circuit

THETA, PHI = Angle.of("theta"), Angle.of("phi")
VALUES = {"alpha": 0.31, "beta": -2.7, "gamma": 1.9}


@given(angles(), angles(), st.floats(-5, 5))
def test_sums_and_multiples_are_those_of_the_values(a: float, b: float, number: float) -> None:
    x, y = evaluated(a, VALUES), evaluated(b, VALUES)
    for found, wanted in (
        (a + b, x + y),
        (a - b, x - y),
        (a + number, x + number),
        (number - a, number - x),
        (-a, -x),
        (number * a, number * x),
        (a / 3, x / 3),
    ):
        assert evaluated(found, VALUES) == pytest.approx(wanted, abs=1e-12)


@given(angles(), angles())
def test_the_float_is_the_value_at_the_generic_point(a: float, b: float) -> None:
    point = {name: generic_value(name, COMPILER) for name in PARAMETERS}
    assert float(a + b) == pytest.approx(evaluated(a + b, point), abs=1e-12)


def test_what_cancels_is_a_number() -> None:
    for total in (THETA - THETA, 0 * THETA, THETA + PHI - THETA - PHI):
        assert type(total) is float
        assert total == 0.0
    assert type(0.1 * THETA + 0.2 * THETA - 0.3 * THETA) is float
    assert type(1e-20 * THETA) is Angle


@pytest.mark.parametrize(
    "make",
    [
        lambda: THETA * PHI,
        lambda: THETA / PHI,
        lambda: 1 / THETA,
        lambda: THETA**2,
        lambda: 2**THETA,
        lambda: THETA % 2,
        lambda: 7 // THETA,
    ],
)
def test_what_is_not_affine_is_no_angle(make) -> None:
    with pytest.raises(TypeError, match="angle"):
        make()


def test_an_angle_equals_no_number() -> None:
    assert float(THETA) not in {THETA}
    assert float(THETA) != THETA
    assert Angle.of("theta") in {THETA}
    assert {THETA: 1, PHI: 2, float(THETA): 3}[float(THETA)] == 3
    assert pickle.loads(pickle.dumps(2 * THETA + 1)) == 2 * THETA + 1


@pytest.mark.parametrize("name", [f"p_{i}" for i in range(50)])
def test_generic_values_keep_away_from_simple_angles(name: str) -> None:
    for salt in (COMPILER, "another"):
        value = generic_value(name, salt)
        assert -math.pi < value < math.pi
        assert abs(math.remainder(value, math.pi / 8)) > 0.01
    assert generic_value(name, COMPILER) != generic_value(name, "another")


def test_only_numbers_are_wrapped() -> None:
    assert wrapped(7.0, 2 * math.pi) == math.remainder(7.0, 2 * math.pi)
    assert wrapped(THETA + 7, 2 * math.pi) == THETA + 7


@given(st.lists(angles() | st.floats(-3, 3), max_size=8))
def test_columns_give_back_what_went_in(values: list[float]) -> None:
    symbols = Symbols.of(values)
    assert symbols.rows() == values
    assert symbols.parameter.tolist() == [float(value) for value in values]
    bound = symbols.bound({"alpha": 0.31})
    assert bound.rows() == [evaluated(value, {"alpha": 0.31}) for value in values]
    assert bound.bound(VALUES).angles == ()


@given(
    st.sampled_from((1, -1, 0.5, -1 / 3, 0.1, 2, 7, 1e4, math.pi / 2, math.pi))
    | st.floats(0.01, 9),
    st.floats(-3, -1e-4) | st.floats(1e-4, 3),
    st.sampled_from((0.0, math.pi / 4, -0.5, 1e-9)) | st.floats(-9, 9),
)
def test_a_text_is_read_as_exactly_the_same(first: float, second: float, constant: float) -> None:
    angle = first * THETA + second * PHI + constant
    text = (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float[64] theta;\ninput float[64] phi;\n'
        f"qubit[1] q;\nrz({angle_text(angle)}) q[0];\n"
    )
    assert read_flat_qasm(text, source="x").statements[0].parameters == (angle,)


@pytest.mark.parametrize("factor", ["1e-10", "1e12"])
def test_multiples_that_say_little_at_a_generic_point_are_refused(factor: str) -> None:
    text = (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float[64] theta;\n'
        f"qubit[1] q;\nrz({factor}*theta) q[0];\n"
    )
    with pytest.raises(CompilerError, match="too small or too large"):
        read_flat_qasm(text, source="x")


@pytest.mark.parametrize(
    ("angle", "text"),
    [
        (THETA, "theta"),
        (-THETA, "-theta"),
        (2 * THETA - math.pi / 2, "2*theta - pi/2"),
        (THETA / 3 + PHI, "phi + theta/3"),
        (math.pi / 4 * THETA - 0.3 * PHI, "-0.3*phi + pi/4*theta"),
    ],
)
def test_texts(angle: float, text: str) -> None:
    assert angle_text(angle) == text


def test_a_program_is_read_with_values_of_its_inputs() -> None:
    text = (
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput float[64] theta;\ninput float[64] phi;\n'
        "qubit[1] q;\nrz(2*theta - phi) q[0];\n"
    )
    program = read_flat_qasm(text, source="x", values={"theta": 0.25})
    assert program.inputs == ("theta", "phi")
    assert program.statements[0].parameters == (0.5 - PHI,)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2**2", -4.0),
        ("2**-x", 2**-0.5),
        ("sin(x)*y - (x - y)/2", math.sin(0.5) * 3 + 1.25),
        ("abs(-x) + sign(-y) + sqrt(4) + conj(x)", 0.5 - 1 + 2 + 0.5),
        ("log(x - x)", None),
        ("1/(x - 0.5)", None),
        ("z", None),
        ("x)", None),
        ("eval(x)", None),
    ],
)
def test_formulas(text: str, value: float | None) -> None:
    found = evaluate_formula(text, {"x": 0.5, "y": 3.0})
    assert found == (value if value is None else pytest.approx(value))
    assert evaluate("sin(0.5)") is None


def test_a_circuit_knows_its_parameters() -> None:
    rows = [Operation("rz", (0,), (2 * THETA,)), Operation("rx", (0,), (0.5,))]
    circuit = Circuit.from_operations(
        "x", ["q[0]"], [], rows, parameters=[Parameter("unused", "unused")], global_phase=PHI
    )
    circuit.verify()
    assert circuit.free_parameters == ("unused", "theta", "phi")
    assert list(circuit.operations()) == rows
    assert circuit.symbol.tolist() == [0, -1]
    half = circuit.bound({"theta": 0.25})
    half.verify()
    assert half.free_parameters == ("unused", "phi")
    assert half.parameter.tolist() == [0.5, 0.5]
    assert half.parameters[1].value == 0.25
    assert half.bound({"phi": 2.0, "unused": 1.0}).global_phase == 2.0


def test_inconsistent_circuits_are_noticed() -> None:
    with pytest.raises(ValueError, match="delay needs a number"):
        make_circuit(1, [Operation("delay", (0,), (THETA,))])
    circuit = make_circuit(1, [Operation("rz", (0,), (THETA,))])
    for change, words in (
        ({"parameters": ()}, "does not have"),
        ({"symbol": np.zeros(3, np.int32)}, "one entry per parameter"),
    ):
        values = {name: getattr(circuit, name) for name in circuit.__dataclass_fields__}
        with pytest.raises(ValueError, match=words):
            Circuit(**{**values, **change}).verify()
