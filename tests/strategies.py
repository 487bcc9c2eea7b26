"""Hypothesis strategies for circuits, networks and placements, and short ways to write them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np
from hypothesis import reject
from hypothesis import strategies as st

from dqc_compiler.costs.routes import open_passages
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.ir import (
    Angle,
    Circuit,
    Link,
    Network,
    Node,
    Operation,
    Placement,
    SegmentGraph,
)
from dqc_compiler.ir.circuit import (
    NOT_UNITARY,
    ONE_QUBIT_GATES,
    PARAMETER_COUNT,
    TWO_QUBIT_GATES,
)

CLIFFORD_ONE = ("x", "y", "z", "h", "s", "sdg", "sx", "sxdg")


def make_circuit(
    qubits: int, operations: Iterable[Operation | tuple[object, ...]], clbits: int = 0
) -> Circuit:
    """A verified circuit; a row may be a tuple with the fields of `Operation`."""
    rows = [row if isinstance(row, Operation) else Operation(*row) for row in operations]
    circuit = Circuit.from_operations(
        "test", [f"q[{i}]" for i in range(qubits)], [f"c[{i}]" for i in range(clbits)], rows
    )
    circuit.verify()
    return circuit


def make_network(
    data: Sequence[int], comm: int | Sequence[int | None] | None, **link: float
) -> Network:
    """An all-to-all network of nodes n0, n1, ...; `link` sets fields of every link."""
    limits = comm if isinstance(comm, Sequence) else [comm] * len(data)
    nodes = tuple(
        Node(name=f"n{i}", data_qubits=d, comm_qubits=c)
        for i, (d, c) in enumerate(zip(data, limits, strict=True))
    )
    ends = itertools.combinations(range(len(nodes)), 2)
    network = Network(nodes, tuple(Link(between=pair, **link) for pair in ends))
    network.verify()
    return network


def make_placement(
    graph: SegmentGraph, network: Network, homes: Sequence[int], hosts: Sequence[int]
) -> Placement:
    """A verified placement from a home per segment and a host per gate."""
    placement = Placement(graph, network, np.array(homes, np.int32), np.array(hosts, np.int32))
    placement.verify()
    return placement


@st.composite
def operations(
    draw: st.DrawFn, qubits: int, clbits: int = 0, two: Sequence[str] = tuple(TWO_QUBIT_GATES)
) -> Operation:
    """One row: mostly gates whose axes coincide often, now and then any gate of the vocabulary."""
    name = draw(
        st.sampled_from(two if qubits > 1 else CLIFFORD_ONE)
        | st.sampled_from(CLIFFORD_ONE)
        | st.sampled_from(tuple(ONE_QUBIT_GATES))
        | st.sampled_from(("measure", "reset", "barrier", "delay") if clbits else CLIFFORD_ONE)
    )
    if name == "barrier":
        arity = draw(st.integers(1, qubits))
    else:
        arity = 2 if name in TWO_QUBIT_GATES else 1
    order = draw(st.permutations(range(qubits)))
    angle = st.sampled_from((np.pi / 2, np.pi, -np.pi / 4)) | st.floats(-4, 4, width=32)
    if name == "delay":
        angle = st.floats(0, 1000, width=32)
    condition: tuple[tuple[int, bool], ...] = ()
    # Readers write a conditional swap as three conditional gates; a relabelling has no condition.
    may_wait = (name in ONE_QUBIT_GATES or name in TWO_QUBIT_GATES) and name != "swap"
    if clbits and may_wait and draw(st.integers(0, 3)) == 0:
        bits = draw(st.lists(st.integers(0, clbits - 1), min_size=1, max_size=2, unique=True))
        condition = tuple((bit, draw(st.booleans())) for bit in bits)
    return Operation(
        name,
        tuple(order[:arity]),
        tuple(draw(angle) for _ in range(PARAMETER_COUNT[name])),
        draw(st.integers(0, clbits - 1)) if name == "measure" else None,
        condition,
    )


@st.composite
def circuits(
    draw: st.DrawFn, *, max_qubits: int = 4, max_operations: int = 24, clbits: int = 0
) -> Circuit:
    """A random circuit; with `clbits` also measurements, resets and conditional gates."""
    qubits = draw(st.integers(2, max_qubits))
    count = draw(st.integers(1, max_operations))  # lists alone would stay short
    rows = draw(st.lists(operations(qubits, clbits), min_size=count, max_size=count))
    return make_circuit(qubits, rows, clbits)


PARAMETERS = ("alpha", "beta", "gamma")


@st.composite
def angles(draw: st.DrawFn) -> float:
    """Mostly one parameter or its opposite, now and then any affine form."""
    total = Angle.of(draw(st.sampled_from(PARAMETERS)))
    factor = draw(st.sampled_from((1, 1, -1, 2, -0.5, 0.3)))
    if draw(st.integers(0, 4)) == 0:
        total = total + draw(st.sampled_from((1, -2, 0.7))) * Angle.of(PARAMETERS[0])
    return factor * total + draw(st.sampled_from((0.0, 0.0, np.pi / 2, -np.pi, 0.4)))


@st.composite
def parametrised_circuits(
    draw: st.DrawFn, *, max_qubits: int = 4, max_operations: int = 24, clbits: int = 0
) -> Circuit:
    """A random circuit in which most angles depend on parameters."""
    circuit = draw(circuits(max_qubits=max_qubits, max_operations=max_operations, clbits=clbits))
    rows = [
        row._replace(
            parameters=tuple(
                draw(angles()) if draw(st.integers(0, 3)) else value for value in row.parameters
            )
        )
        if row.name not in NOT_UNITARY
        else row
        for row in circuit.operations()
    ]
    return make_circuit(len(circuit.qubits), rows, clbits)


@st.composite
def networks(
    draw: st.DrawFn, wires: int, *, comm: Sequence[int | None] = (1, 2, None), spare: int = 1
) -> Network:
    """An all-to-all network of up to four nodes with up to `spare` free data qubits per node."""
    nodes = draw(st.integers(2, 4))
    data = [draw(st.integers(0, spare)) for _ in range(nodes)]
    for wire in range(wires):
        data[wire % nodes if draw(st.booleans()) else draw(st.integers(0, nodes - 1))] += 1
    return make_network(data, [draw(st.sampled_from(comm)) for _ in data])


@st.composite
def sparse_networks(
    draw: st.DrawFn, wires: int, *, comm: Sequence[int | None] = (1, 2, 3, None), spare: int = 2
) -> Network:
    """Up to four processors and two repeaters, connected, mostly without direct links.

    Data qubits that have to be lent so that pairs can pass are lent already.
    """
    qpus, repeaters = draw(st.integers(2, 4)), draw(st.integers(0, 2))
    data = [draw(st.integers(0, spare)) for _ in range(qpus)]
    for wire in range(wires):
        data[wire % qpus if draw(st.booleans()) else draw(st.integers(0, qpus - 1))] += 1
    nodes = [
        Node(name=f"n{i}", data_qubits=count, comm_qubits=draw(st.sampled_from(comm)))
        for i, count in enumerate(data)
    ]
    nodes += [
        Node(
            name=f"r{i}",
            kind="repeater",
            data_qubits=0,
            comm_qubits=draw(st.sampled_from((2, 3, None))),
        )
        for i in range(repeaters)
    ]
    order = draw(st.permutations(range(len(nodes))))
    ends = {frozenset((order[i], order[draw(st.integers(0, i - 1))])) for i in range(1, len(order))}
    others = draw(st.lists(st.sampled_from(list(itertools.combinations(range(len(nodes)), 2)))))
    ends |= {frozenset(pair) for pair in others[: draw(st.integers(0, 2))]}
    links = tuple(Link(between=pair) for pair in sorted(tuple(sorted(pair)) for pair in ends))
    network = Network(tuple(nodes), links)
    network.verify()
    try:
        return open_passages(network, wires)
    except CompilerError:
        reject()


@st.composite
def hosts(
    draw: st.DrawFn, graph: SegmentGraph, network: Network, homes: Sequence[int]
) -> list[int]:
    """A host per gate: more often a home of one of its operands than a third node."""
    anywhere = [i for i, node in enumerate(network.nodes) if node.kind == "qpu"]
    return [
        draw(st.sampled_from([homes[s], homes[t], homes[s], homes[t], *anywhere]))
        for s, t in graph.gate_segments.tolist()
    ]


@st.composite
def static_placements(draw: st.DrawFn, graph: SegmentGraph, network: Network) -> Placement:
    """Homes that never change, within the data qubits of the nodes, and any hosts."""
    seats = [node for node, limit in enumerate(network.nodes) for _ in range(limit.data_qubits)]
    chosen = draw(st.permutations(seats))
    homes = [chosen[wire] for wire in graph.segment_wire.tolist()]
    return make_placement(graph, network, homes, draw(hosts(graph, network, homes)))


@st.composite
def moving_placements(draw: st.DrawFn, graph: SegmentGraph, network: Network) -> Placement:
    """Homes that change at random; only the start respects the nodes' data qubits."""
    seats = [node for node, limit in enumerate(network.nodes) for _ in range(limit.data_qubits)]
    home = draw(st.permutations(seats))[: graph.wires]
    homes = []
    anywhere = [i for i, node in enumerate(network.nodes) if node.kind == "qpu"]
    first = set(graph.wire_segments[:-1].tolist())
    for segment, wire in enumerate(graph.segment_wire.tolist()):
        if segment not in first and draw(st.booleans()):
            home[wire] = draw(st.sampled_from(anywhere))
        homes.append(home[wire])
    return make_placement(graph, network, homes, draw(hosts(graph, network, homes)))
