"""Planned times computed by hand, and what holds for every schedule."""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqc_compiler.costs.time import durations_ns, generation_ns
from dqc_compiler.ir import (
    ABSENT,
    DistributedProgram,
    Link,
    Network,
    Node,
    Register,
    Schedule,
    Statement,
)
from dqc_compiler.ir.arrays import frozen
from dqc_compiler.passes.cover import Cover
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.partition_contiguous import PartitionContiguous
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.passes.segment import Segment
from tests.strategies import circuits, make_circuit, make_network, networks, static_placements

A, B, C = 0, 1, 2
CELLS = 6  # per node: data 0 .. 1, comm 2 .. 5


def program_of(
    rows: list[Statement], *, registers: tuple[Register, ...] = (), **link: float
) -> DistributedProgram:
    """A program on three nodes whose statements are written by hand."""
    network = make_network((2, 2, 2), 4, **link)
    none = frozen([], np.int32)
    per_node = frozen([CELLS - 2] * 3, np.int32)
    return DistributedProgram(
        network=network,
        name="test",
        qubits=(),
        clbit_names=(),
        registers=registers,
        **DistributedProgram.columns(rows),
        gadget_kind=frozen([], np.int8),
        gadget_wire=none,
        served=none,
        data_qubits=frozen([2] * 3, np.int32),
        comm_qubits=per_node,
        peak_comm=per_node,
        start=frozen([], np.int32, columns=2),
        end=frozen([], np.int32, columns=2),
        clbits=frozen([], np.int32, columns=2),
    )


def gate(node: int, name: str, *qubits: int, bits: tuple[tuple[int, int], ...] = ()) -> Statement:
    return Statement(node, name, qubits, condition=tuple((*bit, True) for bit in bits))


def measure(node: int, qubit: int, register: int, bit: int = 0) -> Statement:
    return Statement(node, "measure", (qubit,), writes=(register, bit))


def delay(node: int, qubit: int, time: float) -> Statement:
    return Statement(node, "delay", (qubit,), (time,))


def ends(pair: int, a: int, b: int, cell: int = 2) -> list[Statement]:
    link = {(A, B): 0, (A, C): 1, (B, C): 2}[a, b]
    return [Statement(node, "dqc_epr", (cell,), link=link, pair=pair) for node in (a, b)]


def scheduled(program: DistributedProgram) -> Schedule:
    program.verify()
    schedule = ListSchedule().run(program)
    schedule.verify()
    return schedule


def compiled(rows: list[tuple[object, ...]], qubits: int, network: Network) -> DistributedProgram:
    graph = Segment().run(make_circuit(qubits, rows))
    placement = Cover().run(PartitionContiguous(network=network).run(graph))
    return InsertGadgets().run(PlanVisits().run(placement))


# -- durations --------------------------------------------------------------------------------


def test_durations_are_those_of_the_node_and_the_link() -> None:
    nodes = (
        Node(name="a", data_qubits=2, comm_qubits=1, gate_1q_ns=1, gate_2q_ns=20, measure_ns=300),
        Node(name="b", data_qubits=2, comm_qubits=1),
    )
    link = Link(between=(0, 1), attempt_ns=500.0, success_probability=0.25, channels=7)
    rows = [
        gate(0, "t", 0),
        gate(1, "t", 0),
        gate(0, "cp", 0, 1)._replace(parameters=(0.3,)),
        gate(0, "swap", 0, 1),
        gate(0, "reset", 0),
        gate(0, "barrier", 0, 1),
        delay(0, 0, 77.0),
        *(Statement(node, "dqc_epr", (2,), link=0, pair=0) for node in (0, 1)),
        measure(0, 0, 0),
    ]
    program = program_of(rows, registers=(Register(0, (), 1),))
    program = replace(program, network=Network(nodes, (link,)))
    assert generation_ns(program.network).tolist() == [2000.0]
    assert durations_ns(program).tolist() == [1, 30, 20, 60, 301, 0, 77, 2000, 2000, 300]


# -- times by hand ----------------------------------------------------------------------------


def test_empty_program() -> None:
    schedule = scheduled(program_of([]))
    assert schedule.planned_makespan_ns == 0.0
    assert schedule.critical_path == ()
    assert schedule.makespan.mean == schedule.makespan.p99 == 0.0


def test_one_remote_gate_step_by_step() -> None:
    program = compiled([("cz", (0, 1))], 2, make_network((1, 1), 1))
    schedule = scheduled(program)
    names = [row.name for row in program.statements()]
    assert names[:6] == ["reset", "reset", "dqc_epr", "dqc_epr", "cx", "measure"]
    assert names[6:] == ["x", "cz", "h", "measure", "z"]
    ready = 530 + 100_000
    there = ready + 100 + 500 + 500  # cx, measurement, latency
    back = there + 30 + 100 + 30 + 500 + 500  # x, cz, h, measurement, latency
    start = schedule.start_ns.tolist()
    assert start[:6] == [0, 0, 530, 530, ready, ready + 100]
    assert start[6:] == [there, there + 30, there + 130, there + 160, back]
    assert schedule.planned_makespan_ns == back + 30
    assert schedule.pair_statements.tolist() == [[2, 3]]
    assert schedule.pair_ready_ns.tolist() == [ready]
    assert schedule.message_statements.tolist() == [[5, 6], [9, 10]]
    assert schedule.message_receiver.tolist() == [1, 0]
    assert schedule.critical_path == (0, 2, 4, 5, 6, 7, 8, 9, 10)


def test_qubits_of_one_node_run_in_parallel_and_barriers_align_them() -> None:
    rows = [gate(A, "x", 0), gate(A, "cx", 1, 2), gate(A, "x", 0), gate(A, "barrier", 0, 1)]
    schedule = scheduled(program_of([*rows, gate(A, "x", 0), gate(A, "x", 2), gate(B, "x", 0)]))
    assert schedule.start_ns.tolist() == [0, 0, 30, 100, 100, 100, 0]
    assert schedule.planned_makespan_ns == 130


def test_bit_is_there_at_once_for_its_sender_and_later_elsewhere() -> None:
    registers = (Register(A, (B, C), 1),)
    rows = [
        measure(A, 0, 0),
        gate(A, "x", 1, bits=((0, 0),)),
        delay(B, 0, 5000.0),
        gate(B, "x", 0, bits=((0, 0),)),
        gate(B, "x", 1, bits=((0, 0),)),
    ]
    schedule = scheduled(program_of(rows, registers=registers, latency_ns=200.0))
    assert schedule.start_ns.tolist() == [0, 500, 0, 5000, 700]
    # One row per receiver: the earliest read at B, and nobody reads at C.
    assert schedule.message_statements.tolist() == [[0, 4], [0, ABSENT]]
    assert schedule.message_receiver.tolist() == [B, C]


def test_messages_come_in_order_of_sending() -> None:
    registers = (Register(A, (B,), 1), Register(B, (A,), 1))
    rows = [delay(A, 0, 900.0), measure(A, 0, 0), measure(B, 0, 1)]
    schedule = scheduled(program_of(rows, registers=registers))
    assert schedule.message_statements.tolist() == [[2, ABSENT], [1, ABSENT]]


def test_pair_waits_for_both_comm_qubits() -> None:
    schedule = scheduled(program_of([delay(B, 2, 4000.0), *ends(0, A, B)]))
    assert schedule.start_ns.tolist() == [0, 4000, 4000]


def test_conditional_pair_of_reads_waits_for_the_later_bit() -> None:
    registers = (Register(A, (C,), 1), Register(B, (C,), 1))
    rows = [measure(A, 0, 0), delay(B, 0, 100.0), measure(B, 0, 1)]
    rows.append(gate(C, "x", 0, bits=((0, 0), (1, 0))))
    schedule = scheduled(program_of(rows, registers=registers))
    assert schedule.start_ns.tolist()[-1] == 100 + 500 + 500


# -- channels ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("channels", "last"), [(1, 300_000), (2, 200_000), (5, 100_000)])
def test_pairs_share_the_channels_of_their_link(channels: int, last: float) -> None:
    rows = [row for pair in range(3) for row in ends(pair, A, B, cell=2 + pair)]
    schedule = scheduled(program_of(rows, channels=channels))
    assert schedule.planned_makespan_ns == last
    assert scheduled(program_of([*rows, *ends(3, B, C, 5)])).planned_makespan_ns == 300_000


def test_pair_with_the_longest_remaining_path_goes_first() -> None:
    rows = [*ends(0, A, B, 2), *ends(1, A, B, 3), *ends(2, A, B, 4), delay(A, 4, 50_000.0)]
    schedule = scheduled(program_of(rows))
    assert schedule.pair_ready_ns.tolist() == [200_000, 300_000, 100_000]
    assert schedule.planned_makespan_ns == 300_000
    assert schedule.pair_statements.tolist() == [[0, 1], [2, 3], [4, 5]]


def test_free_channel_does_not_wait_for_an_important_pair() -> None:
    rows = [*ends(0, A, B, 2), delay(A, 3, 10.0), *ends(1, A, B, 3), delay(A, 3, 9e6)]
    assert scheduled(program_of(rows)).pair_ready_ns.tolist() == [100_000, 200_000]


def test_critical_path_goes_through_a_busy_channel() -> None:
    rows = [*ends(0, A, B, 2), delay(A, 3, 10.0), *ends(1, A, B, 3), gate(B, "x", 3)]
    assert scheduled(program_of(rows)).critical_path == (0, 3, 5)


# -- broken programs --------------------------------------------------------------------------


def test_pair_without_its_other_end_is_refused() -> None:
    with pytest.raises(ValueError, match="two ends"):
        ListSchedule().run(program_of(ends(0, A, B)[:1]))


def test_nodes_that_wait_for_each_other_are_refused() -> None:
    """Each node makes the two pairs in the other order, in the same comm qubit."""
    (first_a, first_b), (second_a, second_b) = ends(0, A, B), ends(1, A, B)
    program = program_of([first_a, second_a, second_b, first_b])
    with pytest.raises(ValueError, match="circle"):
        ListSchedule().run(program)


# -- the distribution of the makespan -----------------------------------------------------------


def test_certain_pairs_leave_nothing_to_chance() -> None:
    network = make_network((2, 2), 2, success_probability=1.0)
    program = compiled([("cz", (0, 2)), ("h", (0,)), ("cz", (0, 3)), ("cz", (1, 2))], 4, network)
    schedule = scheduled(program)
    spread = schedule.makespan
    assert program.pairs > 1
    for figure in (spread.mean, spread.p50, spread.p95, spread.p99):
        assert figure == pytest.approx(schedule.planned_makespan_ns)


def test_one_pair_takes_a_geometric_number_of_attempts() -> None:
    spread = scheduled(program_of(ends(0, A, B), success_probability=0.1)).makespan
    assert spread.shots >= 1000
    error = np.sqrt(0.9) / 0.1 * 1000 / np.sqrt(spread.shots)
    assert spread.mean == pytest.approx(10_000, abs=5 * error)
    # Quantiles of the geometric distribution: the least n with 1 - 0.9^n at least q.
    assert spread.p50 == pytest.approx(7_000, abs=1000)
    assert spread.p95 == pytest.approx(29_000, abs=3000)
    assert spread.p99 == pytest.approx(44_000, abs=8000)


def test_parallel_pairs_take_the_longer_of_two_times_and_serial_ones_the_sum() -> None:
    """p = 0.5: two in a row take 2/p attempts; the longer of two takes 2/p - 1/(2p - p^2)."""
    rows = [*ends(0, A, B, 2), *ends(1, A, B, 3)]
    serial = scheduled(program_of(rows, success_probability=0.5)).makespan
    parallel = scheduled(program_of(rows, success_probability=0.5, channels=2)).makespan
    assert serial.mean == pytest.approx(4000, rel=0.05)
    assert parallel.mean == pytest.approx(1000 * (4 - 1 / 0.75), rel=0.05)


def test_seed_decides_the_distribution() -> None:
    program = program_of([*ends(0, A, B, 2), *ends(1, A, B, 3)])

    def spread(seed: int) -> tuple[float, ...]:
        makespan = ListSchedule(seed=seed).run(program).makespan
        return (makespan.mean, makespan.p50, makespan.p95, makespan.p99)

    assert spread(1) == spread(1) != spread(2)


# -- every schedule ---------------------------------------------------------------------------


def links_of(draw: st.DrawFn, network: Network) -> Network:
    def changed(link: Link) -> Link:
        return Link(
            between=link.between,
            attempt_ns=draw(st.sampled_from((10.0, 1000.0, 50_000.0))),
            success_probability=draw(st.sampled_from((0.1, 1.0))),
            channels=draw(st.integers(1, 3)),
            latency_ns=draw(st.sampled_from((0.0, 500.0, 1e6))),
        )

    return Network(network.nodes, tuple(changed(link) for link in network.links))


@st.composite
def programs(draw: st.DrawFn) -> DistributedProgram:
    circuit = draw(circuits(max_qubits=5, max_operations=30, clbits=2))
    graph = Segment().run(circuit)
    network = links_of(draw, draw(networks(graph.wires, comm=(1, 2, 3, None))))
    return InsertGadgets().run(PlanVisits().run(draw(static_placements(graph, network))))


def reasons(schedule: Schedule) -> list[dict[int, float]]:
    """For each statement, the statements that it waits for and when each lets it go."""
    program, latency = schedule.program, schedule.program.network.latencies_ns()
    end = (schedule.start_ns + schedule.duration_ns).tolist()
    rows = list(program.statements())
    last: dict[tuple[int, int], int] = {}
    writer: dict[tuple[int, int], int] = {}
    result: list[dict[int, float]] = []
    for index, row in enumerate(rows):
        waits = {last[row.node, q]: 0.0 for q in row.qubits if (row.node, q) in last}
        for register, bit, _ in row.condition:
            sender = writer[register, bit]
            delay_ns = latency[rows[sender].node][row.node]
            waits[sender] = max(waits.get(sender, 0.0), delay_ns)
        result.append({before: end[before] + lag for before, lag in waits.items()})
        last |= {(row.node, q): index for q in row.qubits}
        if row.writes is not None:
            writer[row.writes] = index
    for first, second in schedule.pair_statements.tolist():
        result[first] = result[second] = result[first] | result[second]
    return result


@settings(max_examples=80, deadline=None, derandomize=True)
@given(programs())
def test_every_statement_starts_as_early_as_it_can(program: DistributedProgram) -> None:
    schedule = ListSchedule(in_time=None).run(program)
    start = schedule.start_ns.tolist()
    end = (schedule.start_ns + schedule.duration_ns).tolist()
    earliest = [max(waits.values(), default=0.0) for waits in reasons(schedule)]
    by_link: dict[int, list[int]] = defaultdict(list)
    for first, _ in schedule.pair_statements.tolist():
        by_link[int(program.link[first])].append(first)
    is_pair = (program.link != ABSENT).tolist()
    for index, time in enumerate(earliest):
        assert start[index] == time or (is_pair[index] and start[index] > time)
    for link, pairs in by_link.items():
        channels = program.network.links[link].channels
        for pair in pairs:
            together = [p for p in pairs if start[p] <= start[pair] < end[p]]
            assert len(together) <= channels
            if start[pair] > earliest[pair]:  # it waited, so all channels were busy until now
                before = [p for p in pairs if start[p] < start[pair] <= end[p]]
                assert len(before) >= channels
                assert any(end[p] == start[pair] for p in before)
    assert schedule.planned_makespan_ns == max(end, default=0.0)
    assert schedule.pair_ready_ns.tolist() == [end[p] for p, _ in schedule.pair_statements.tolist()]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(programs())
def test_critical_path_leads_from_the_start_to_the_end_without_a_gap(
    program: DistributedProgram,
) -> None:
    schedule = scheduled(program)
    start = schedule.start_ns.tolist()
    end = (schedule.start_ns + schedule.duration_ns).tolist()
    waits = reasons(schedule)
    twin = dict(schedule.pair_statements.tolist())
    path = schedule.critical_path
    if not path:
        assert len(program) == 0
        return
    assert start[path[0]] == 0
    assert end[path[-1]] == schedule.planned_makespan_ns
    for before, after in itertools.pairwise(path):
        released = [waits[after][b] for b in (before, twin.get(before)) if b in waits[after]]
        if not released:  # two pairs that follow each other on a channel
            assert program.link[before] == program.link[after] != ABSENT
            released = [end[before]]
        assert max(released) == start[after]


@settings(max_examples=80, deadline=None, derandomize=True)
@given(programs())
def test_every_sent_bit_has_a_row_per_receiver(program: DistributedProgram) -> None:
    schedule = scheduled(program)
    rows = list(program.statements())
    sent = [
        i for i, row in enumerate(rows) if row.writes and program.registers[row.writes[0]].receivers
    ]
    want = {(i, node) for i in sent for node in program.registers[rows[i].writes[0]].receivers}
    got = list(
        zip(
            schedule.message_statements[:, 0].tolist(),
            schedule.message_receiver.tolist(),
            strict=True,
        )
    )
    assert len(got) == len(set(got))
    assert set(got) == want
    for (measured, read), node in zip(
        schedule.message_statements.tolist(), schedule.message_receiver.tolist(), strict=True
    ):
        readers = [
            i
            for i, row in enumerate(rows)
            if row.node == node and any(c[:2] == rows[measured].writes for c in row.condition)
        ]
        assert read == min(readers, key=lambda i: (schedule.start_ns[i], i), default=ABSENT)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(programs())
def test_spread_is_ordered_and_around_the_plan(program: DistributedProgram) -> None:
    """The mean is no shorter than the plan, up to the error of the sample: on single channels the
    order is fixed, and a longest path is convex in its times."""
    network = program.network
    single = tuple(
        Link(between=link.between, attempt_ns=link.attempt_ns, success_probability=0.5)
        for link in network.links
    )
    program = replace(program, network=Network(network.nodes, single))
    schedule = scheduled(program)
    spread = schedule.makespan
    assert spread.p50 <= spread.p95 <= spread.p99
    error = sum(2 * single[i].attempt_ns for i in program.link.tolist() if i != ABSENT)
    assert spread.mean >= schedule.planned_makespan_ns - 5 * error / np.sqrt(spread.shots) - 1e-6
