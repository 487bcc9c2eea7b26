"""Programs as the compiler emits them, ready to be verified or spoiled."""

from __future__ import annotations

import random
from math import pi

from dqc_compiler.formats.bundle_contents import Contents, make_contents
from dqc_compiler.formats.flat_qasm import read_flat_qasm
from dqc_compiler.formats.qasm_text import program_texts
from dqc_compiler.ir import Circuit, DistributedProgram, Operation, Placement
from dqc_compiler.ir.circuit import ONE_QUBIT_GATES, TWO_QUBIT_GATES
from dqc_compiler.passes.insert_gadgets import InsertGadgets
from dqc_compiler.passes.plan_visits import PlanVisits
from dqc_compiler.passes.schedule import ListSchedule
from dqc_compiler.passes.segment import Segment
from dqc_compiler.verify.programs import ProgramSet
from tests.strategies import make_circuit, make_network, make_placement

CLIFFORD_GATES = ("h", "s", "x", "sx", "ry", "cx", "cy", "cz", "rxx", "ryy", "rzz", "rzx", "swap")


def random_circuit(
    seed: int, *, qubits: int, gates: int, clbits: int = 0, clifford: bool = False
) -> Circuit:
    """A seeded random circuit; with `clbits` also measurements, resets and conditions."""
    chance = random.Random(seed)
    names = CLIFFORD_GATES if clifford else (*ONE_QUBIT_GATES, *TWO_QUBIT_GATES)
    one = [name for name in names if name in ONE_QUBIT_GATES]
    two = [name for name in names if name in TWO_QUBIT_GATES]
    written: set[int] = set()
    rows = []
    for line in range(1, gates + 1):
        if clbits and chance.random() < 0.1:
            qubit = chance.randrange(qubits)
            if chance.random() < 0.5:
                rows.append(Operation("reset", (qubit,), line=line))
            else:
                bit = chance.randrange(clbits)
                written.add(bit)
                rows.append(Operation("measure", (qubit,), clbit=bit, line=line))
            continue
        name = chance.choice(two if chance.random() < 0.6 else one)
        arity = 2 if name in TWO_QUBIT_GATES else 1
        angles = (ONE_QUBIT_GATES | TWO_QUBIT_GATES)[name]
        condition: tuple[tuple[int, bool], ...] = ()
        if written and name != "swap" and chance.random() < 0.3:
            condition = ((chance.choice(sorted(written)), chance.random() < 0.5),)
        rows.append(
            Operation(
                name,
                tuple(chance.sample(range(qubits), arity)),
                tuple(
                    chance.choice((1, 2, 3, -1)) * pi / 2 if clifford else chance.uniform(-3, 3)
                    for _ in range(angles)
                ),
                condition=condition,
                line=line,
            )
        )
    return make_circuit(qubits, rows, clbits)


def random_placement(
    circuit: Circuit, seed: int, *, nodes: int, comm: int | None, moves: bool = False
) -> Placement:
    """Random homes and hosts; homes change at random if they may move."""
    chance = random.Random(seed)
    share = -(-len(circuit.qubits) // nodes)
    network = make_network([share + moves] * nodes, comm)
    graph = Segment().run(circuit)
    seats = [node for node in range(nodes) for _ in range(share)]
    home = chance.sample(seats, len(circuit.qubits))
    homes = []
    for segment, wire in enumerate(graph.segment_wire.tolist()):
        if moves and segment not in graph.wire_segments and chance.random() < 0.3:
            home[wire] = chance.randrange(nodes)
        homes.append(home[wire])
    hosts = [
        chance.choice((homes[a], homes[b], homes[a], homes[b], chance.randrange(nodes)))
        for a, b in graph.gate_segments.tolist()
    ]
    return make_placement(graph, network, homes, hosts)


def distributed(
    circuit: Circuit, seed: int, *, nodes: int, comm: int | None, moves: bool = False
) -> DistributedProgram:
    """Programs for a random placement."""
    placement = random_placement(circuit, seed, nodes=nodes, comm=comm, moves=moves)
    return InsertGadgets().run(PlanVisits().run(placement))


def bundle_contents(circuit: Circuit, seed: int, *, nodes: int, comm: int | None) -> Contents:
    """A bundle that is not verified yet."""
    placement = random_placement(circuit, seed, nodes=nodes, comm=comm)
    program = InsertGadgets().run(PlanVisits().run(placement))
    return make_contents(
        logical=circuit,
        program=program,
        schedule=ListSchedule().run(program),
        bounds=(),
        seed=seed,
        options={},
    )


def emitted_task(program: DistributedProgram) -> ProgramSet:
    """What a bundle says about a program, read back from its text."""
    texts = program_texts(program)
    names = [node.name for node in program.network.nodes]
    clbits = [None if node < 0 else (node, index) for node, index in program.clbits.tolist()]
    return ProgramSet(
        network=program.network,
        programs=tuple(
            read_flat_qasm(text, source=f"nodes/{name}.qasm")
            for name, text in zip(names, texts, strict=True)
        ),
        qubits=program.qubits,
        clbit_names=program.clbit_names,
        start=tuple((node, cell) for node, cell in program.start.tolist()),
        end=tuple((node, cell) for node, cell in program.end.tolist()),
        clbits=tuple(clbits),
    )
