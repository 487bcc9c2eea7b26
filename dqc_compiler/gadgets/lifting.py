"""Resynthesis of gates whose angles depend on parameters.

Resynthesis computes with numbers. Here it is made at the generic point that angles are numbers at,
and once more with each parameter a little larger. What is affine in the parameters shows its
coefficients by that; they are taken only if they are sums and simple multiples of those that went
in, and only if inputs and outputs are equal at another generic point, too. Forms with any other
angle are left out: no value of a sample gets into an output.
"""

from __future__ import annotations

from cmath import exp
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from math import pi, remainder
from typing import Any, Protocol, TypeVar, cast

import numpy as np
import numpy.typing as npt

from dqc_compiler.gadgets.frames import PAULI_VECTOR, Quaternion, gate_rotation, rotation
from dqc_compiler.gadgets.spelling import NO_ANGLE, ROUNDING, clean
from dqc_compiler.gadgets.unitaries import Run, interaction, one_qubit_phase
from dqc_compiler.ir import Angle, Operation
from dqc_compiler.ir.angles import COMPILER, evaluated, generic_value, parameters_of

Matrix = npt.NDArray[Any]  # of complex numbers

_STEP = 2.0**-8  # of an angle
_FACTORS = (1, -1, 2, -2, 0.5, -0.5, 0.25, -0.25)
_COEFFICIENT_TOLERANCE = 1e-9  # relative to the largest one


class Form(Protocol):
    """Gates that replace others, and the phase that they lack."""

    @property
    def outputs(self) -> Run:
        """The new gates, on the qubits 0 and 1."""

    @property
    def phase(self) -> float:
        """What the inputs have and the outputs have not."""


F = TypeVar("F", bound=Form)


def depends(*runs: Run) -> bool:
    """Whether any gate has an angle that depends on parameters."""
    return any(isinstance(p, Angle) for run in runs for gate in run for p in gate.parameters)


def lifted(
    make: Callable[[Sequence[Run]], Sequence[F]],
    runs: Sequence[Run],
    replaced: Callable[[F], Run],
) -> list[F]:
    """The forms that gates have whatever the parameters are.

    Args:
        make: the forms of runs of gates without parameters, in an order that depends on the gates'
            names only.
        runs: gates with parameters.
        replaced: the gates among them that a form replaces.
    """
    angles = [angle for run in runs for gate in run for angle in gate.parameters]
    scales = _scales(angles)
    point = {name: generic_value(name, COMPILER) for name in scales}
    found = make(_at(runs, point))
    steps = {name: _STEP / max(map(abs, known)) for name, known in scales.items()}
    moved = [make(_at(runs, {**point, name: point[name] + steps[name]})) for name in scales]
    if any(len(forms) != len(found) for forms in moved):
        return []
    lifter = _Lifter(scales, point, steps, _constants(angles))
    forms = (
        lifter.lift(form, [forms[index] for forms in moved]) for index, form in enumerate(found)
    )
    return [form for form in forms if form is not None and _is_right(replaced(form), form)]


def _at(runs: Iterable[Run], point: dict[str, float]) -> list[Run]:

    def at_point(gate: Operation) -> Operation:
        return gate._replace(parameters=tuple([evaluated(p, point) for p in gate.parameters]))

    return [tuple(map(at_point, run)) for run in runs]


def _scales(angles: Iterable[float]) -> dict[str, list[float]]:
    """For each parameter its different coefficients."""
    scales: dict[str, list[float]] = {}
    for angle in angles:
        for name, factor in angle.terms if isinstance(angle, Angle) else ():
            known = scales.setdefault(name, [])
            if abs(factor) not in known:
                known.append(abs(factor))
    return scales


def _constants(angles: Iterable[float]) -> list[float]:
    """Constants that people expect in sums of angles."""
    parts = [angle.constant if isinstance(angle, Angle) else angle for angle in angles]
    parts = [part for part in dict.fromkeys(parts) if part]
    known = [factor * part for part in parts for factor in _FACTORS[:6]]
    return known + [a + sign * b for a, b in combinations(parts, 2) for sign in (1, -1)]


class _Lifter:
    """Angles from values at the generic point and beside it.

    Args:
        scales: for each parameter the coefficients that went in.
        point: the value of each parameter.
        steps: how much larger each of them was made.
        constants: what constants may be expected.
    """

    def __init__(
        self,
        scales: dict[str, list[float]],
        point: dict[str, float],
        steps: dict[str, float],
        constants: Sequence[float],
    ) -> None:
        self.point = point
        self.steps = steps
        self.constants = constants
        self.units = {name: min(known) / 8 for name, known in scales.items()}
        self.expected = {name: _multiples(known) for name, known in scales.items()}

    def lift(self, form: F, moved: Sequence[F]) -> F | None:
        """The form with angles; None if one is not affine, or not in the way that is expected."""
        shape = _shape(form)
        if any(_shape(other) != shape for other in moved):
            return None
        values = [_angles(other) for other in moved]
        angles: list[float] = []
        for index, value in enumerate(_angles(form)):
            angle = self.angle(value, [other[index] for other in values])
            if angle is None:
                return None
            angles.append(angle)
        rest = iter(angles)
        outputs = tuple(
            [g._replace(parameters=tuple([next(rest) for _ in g.parameters])) for g in form.outputs]
        )
        phase = self.phase(form.phase, [other.phase for other in moved])
        result: F = cast(Any, form)._replace(outputs=outputs, phase=phase)
        return result

    def angle(self, value: float, moved: Sequence[float]) -> float | None:
        """One angle from its value, and from those beside it, one for each parameter."""
        total: float = 0.0
        for name, other in zip(self.point, moved, strict=True):
            slope = remainder(other - value, pi / 2) / self.steps[name]
            tolerance = _COEFFICIENT_TOLERANCE * self.expected[name][-1]
            factor = min(self.expected[name], key=lambda known: abs(known - slope))
            if abs(factor - slope) > tolerance:
                return None
            total = total + factor * Angle.of(name)
        constant = clean(value - float(total))
        near = (known for known in self.constants if abs(known - constant) < ROUNDING)
        return total + next(near, constant)

    def phase(self, value: float, moved: Sequence[float]) -> float:
        """A phase, to which any number of gates may have contributed."""
        total: float = 0.0
        for name, other in zip(self.point, moved, strict=True):
            slope = remainder(other - value, pi / 2) / self.steps[name]
            unit = self.units[name]
            whole = round(slope / unit) * unit
            near = abs(whole - slope) <= _COEFFICIENT_TOLERANCE * self.expected[name][-1]
            total = total + (whole if near else slope) * Angle.of(name)
        return total + clean(value - float(total))


def _multiples(known: Sequence[float]) -> list[float]:
    """Coefficients that may come out where these went in, the largest one last."""
    single = [factor * scale for scale in known for factor in _FACTORS]
    sums = [a + b for a, b in combinations(single, 2)]
    return sorted({0.0, *single, *sums})


def _shape(form: Form) -> list[tuple[str, tuple[int, ...]]]:
    return [(gate.name, gate.qubits) for gate in form.outputs]


def _angles(form: Form) -> list[float]:
    return [angle for gate in form.outputs for angle in gate.parameters]


def _is_right(inputs: Run, form: Form) -> bool:
    """Whether inputs and outputs are equal at a point that the form does not come from."""
    names = parameters_of(angle for gate in inputs for angle in gate.parameters)
    point = {name: generic_value(name, "check") for name in names}
    before, after = _at([inputs, form.outputs], point)
    phase = exp(1j * evaluated(form.phase, point))
    return bool(np.abs(_matrix(before) - phase * _matrix(after)).max() < NO_ANGLE)


def _matrix(run: Run) -> Matrix:
    """The unitary (4, 4) of gates on the qubits 0 and 1."""
    total: Matrix = np.eye(4, dtype=np.complex128)
    for gate in run:
        total = _gate_matrix(gate) @ total
    return total


def _gate_matrix(gate: Operation) -> Matrix:
    if len(gate.qubits) == 1:
        turn = _turn_matrix(gate_rotation(gate.name, gate.parameters))
        alone = np.kron(turn, np.eye(2)) if gate.qubits == (0,) else np.kron(np.eye(2), turn)
        return alone * exp(1j * one_qubit_phase(gate.name, gate.parameters))
    form = interaction(gate.name, gate.parameters)
    p, q = (1j * _turn_matrix((0.0, *PAULI_VECTOR[axis])) for axis in (form.p, form.q))
    first, second = (
        _turn_matrix(rotation(PAULI_VECTOR[axis], angle))
        for axis, angle in ((form.p, form.first), (form.q, form.second))
    )
    both = np.cos(form.angle / 2) * np.eye(4) - 1j * np.sin(form.angle / 2) * np.kron(p, q)
    matrix: Matrix = np.kron(first, second) @ both * exp(1j * form.phase)
    if gate.qubits == (1, 0):
        order = [0, 2, 1, 3]
        matrix = matrix[np.ix_(order, order)]
    return matrix


def _turn_matrix(turn: Quaternion) -> Matrix:
    w, x, y, z = turn
    return np.array([[w - 1j * z, -y - 1j * x], [y - 1j * x, w + 1j * z]])
