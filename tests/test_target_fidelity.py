"""Pairs that are purified because an option asks for fidelity, and targets that are missed."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from dqc_compiler.bundles import save_bundle, verify_bundle
from dqc_compiler.costs.prices import EBITS, FIDELITY, Objective, average_loss
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.diagnostics.placement import TargetOutOfReach
from dqc_compiler.formats.network_file import Network
from dqc_compiler.ir import Circuit
from dqc_compiler.pareto import compile_front
from dqc_compiler.pipeline import Options, Result, compile_circuit
from tests.noisy_oracle import NO_DECAY_US, with_noise
from tests.strategies import make_circuit

PACKETS = make_circuit(
    4,
    [
        ("cz", (0, 2)),
        ("cz", (1, 3)),
        *(("h", (qubit,)) for qubit in range(4)),
        ("cz", (0, 2)),
        ("cz", (1, 3)),
        *(("h", (qubit,)) for qubit in range(4)),
        ("cz", (0, 1)),
        ("cz", (2, 3)),
        ("cz", (0, 3)),
    ],
)


def line(
    nodes: int = 2, *, fidelity: float = 0.95, t2_us: float = NO_DECAY_US, comm: int = 2
) -> Network:
    network = Network.make("line", nodes=nodes, data_qubits=2, comm_qubits=comm)
    return with_noise(network, fidelity=fidelity, t2_us=t2_us)


def compiled(network: Network, circuit: Circuit = PACKETS, **options: Any) -> Result:
    return compile_circuit(circuit, network, options=Options(preset="fast", **options))


def total(result: Result) -> float:
    assert result.fidelity is not None
    return result.fidelity.total


def out_of_reach(network: Network, circuit: Circuit = PACKETS, **options: Any) -> TargetOutOfReach:
    with pytest.raises(CompilerError) as caught:
        compiled(network, circuit, **options)
    (diagnostic,) = caught.value.diagnostics
    assert isinstance(diagnostic, TargetOutOfReach)
    assert diagnostic.exit_code == 1
    return diagnostic


# --- Objectives -----------------------------------------------------------------------------------


def test_the_price_of_a_pair_follows_from_the_objective() -> None:
    network = line()
    average = average_loss(network)
    assert FIDELITY.pair_price(network) == 0.0
    assert EBITS.pair_price(network) == inf
    mix = Objective(ebits=1.0, makespan=2.0, fidelity=4.0)
    assert mix.pair_price(network) == pytest.approx(0.75 * average)


def test_pairs_are_purified_where_the_fidelity_counts() -> None:
    plain, pure = (compiled(line(), minimize=each) for each in (EBITS, FIDELITY))
    assert not plain.plan.purified.any()
    assert "purify" not in plain.seconds
    assert pure.plan.purified.any()
    assert total(pure) > total(plain) + 0.01


def test_pairs_that_cost_more_than_they_gain_are_not_purified() -> None:
    dear = Objective(ebits=20.0, fidelity=1.0)
    assert not compiled(line(), minimize=dear).plan.purified.any()


def test_pairs_are_not_purified_where_that_means_waiting_for_too_long() -> None:
    """The second pair takes as long as the first one, and all qubits wait."""
    result = compiled(line(fidelity=0.99, t2_us=2000.0), minimize=FIDELITY)
    assert not result.plan.purified.any()


# --- Targets --------------------------------------------------------------------------------------


def test_a_target_that_is_reached_anyway_changes_nothing() -> None:
    plain, aimed = compiled(line()), compiled(line(), target_fidelity=0.5)
    assert aimed.plan.purified.tolist() == plain.plan.purified.tolist()
    assert aimed.program.pairs == plain.program.pairs
    assert total(aimed) == total(plain)


def test_purified_pairs_reach_a_target(tmp_path: Path) -> None:
    network = line()
    plain, pure = compiled(network), compiled(network, minimize=FIDELITY)
    target = (total(plain) + total(pure)) / 2
    result = compiled(network, target_fidelity=target)
    assert total(plain) < target <= total(result)
    assert plain.program.pairs < result.program.pairs <= pure.program.pairs
    assert result.options.minimize == EBITS
    contents = save_bundle(result, tmp_path / "made.dqc")
    assert contents.report.fidelity == total(result)
    assert verify_bundle(tmp_path / "made.dqc", PACKETS).equivalent is True


def test_a_low_target_purifies_fewer_pairs_than_a_high_one() -> None:
    network = line(fidelity=0.97)
    circuit = make_circuit(
        4,
        [
            *(("cz", (0, 2)), ("cz", (0, 3)), ("cz", (0, 2)), ("cz", (0, 3))),
            *(("h", (0,)), ("cz", (0, 2)), ("h", (0,)), ("cz", (0, 3)), ("h", (0,))),
            *(("cz", (0, 1)), ("cz", (2, 3)), ("h", (1,)), ("cz", (0, 1)), ("h", (3,))),
        ],
    )
    plain = compiled(network, circuit)
    pure = compiled(network, circuit, minimize=FIDELITY)
    pairs = [
        compiled(network, circuit, target_fidelity=total(plain) + share * gain).program.pairs
        for gain in (total(pure) - total(plain),)
        for share in (0.1, 0.999)
    ]
    assert plain.program.pairs < pairs[0] <= pairs[1]


def test_of_pairs_of_the_same_price_only_so_many_are_purified_as_are_needed() -> None:
    network = line()
    plain, pure = compiled(network), compiled(network, minimize=FIDELITY)
    assert (plain.program.pairs, pure.program.pairs) == (2, 4)
    target = total(plain) + 0.3 * (total(pure) - total(plain))
    result = compiled(network, target_fidelity=target)
    assert result.program.pairs == 3
    assert total(result) >= target


def test_equal_options_give_equal_bytes(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        result = compiled(line(), target_fidelity=0.91)
        assert result.plan.purified.any()
        save_bundle(result, tmp_path / name)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        texts.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})
    assert texts[0] == texts[1]


def test_the_link_that_limits_is_named() -> None:
    network = line(3)
    links = (network.links[0], replace(network.links[1], fidelity=0.8))
    circuit = make_circuit(6, [("cz", (i, i + 1)) for i in range(5)])
    found = out_of_reach(replace(network, links=links), circuit, target_fidelity=0.99)
    assert "the pairs of link n1-n2, of fidelity 0.8, which is used 2 times" in found.limit
    assert float(found.best) < 0.99


def test_waiting_is_named() -> None:
    found = out_of_reach(line(fidelity=1.0, t2_us=1000.0), target_fidelity=0.99)
    assert found.limit.startswith("waiting, with a T2 of 1000 us at node n0 and a makespan of")


def test_comm_qubits_without_room_are_named() -> None:
    found = out_of_reach(line(comm=1), target_fidelity=0.99)
    assert "the comm qubits of node n0, which leave no room to purify" in found.limit


@pytest.mark.parametrize("wrong", [0.0, 1.0, -0.5, float("nan")])
def test_a_target_is_between_0_and_1(wrong: float) -> None:
    with pytest.raises(ValueError, match="target_fidelity"):
        Options(target_fidelity=wrong)


@pytest.mark.parametrize("wrong", ["0.9", True])
def test_a_target_is_a_number(wrong: object) -> None:
    with pytest.raises(TypeError, match="target_fidelity"):
        Options(target_fidelity=wrong)  # type: ignore[arg-type]


def test_a_front_has_no_target() -> None:
    with pytest.raises(ValueError, match="target_fidelity"):
        compile_front(PACKETS, line(), options=Options(target_fidelity=0.9))
