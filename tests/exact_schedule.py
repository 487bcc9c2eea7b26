"""Random programs of copies, and the shortest schedule of small ones by integer programming."""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from dqc_compiler.costs.time import durations_ns
from dqc_compiler.ir import DistributedProgram, Link, Network, Node, Register, Statement
from dqc_compiler.ir.arrays import frozen
from dqc_compiler.passes.schedule import ListSchedule

DATA = 3


def random_program(
    seed: int,
    *,
    pairs: int,
    nodes: int = 3,
    comm: int = 3,
    delay_ns: float = 100_000.0,
    **link: Any,
) -> DistributedProgram:
    """Copies between random nodes that are opened, used for a random time and closed.

    Every node takes its comm qubits in turn. Gates are delays of up to `delay_ns`; `link` sets
    fields of every link.
    """
    choose = random.Random(seed)
    between = list(combinations(range(nodes), 2))
    taken = [0] * nodes
    size: dict[tuple[int, int], int] = {}  # sender, receiver -> bits sent
    rows: list[Statement] = []

    def send(sender: int, receiver: int, cell: int) -> tuple[int, int]:
        number = list(size).index((sender, receiver)) if (sender, receiver) in size else len(size)
        bit = (number, size.setdefault((sender, receiver), 0))
        size[sender, receiver] += 1
        rows.append(Statement(sender, "measure", (cell,), writes=bit, gadget=gadget))
        return bit

    for pair in range(pairs):
        number = choose.randrange(len(between))
        ends = choose.sample(between[number], 2)
        halves = [DATA + taken[node] % comm for node in ends]
        root, partner = choose.randrange(DATA), choose.randrange(DATA)
        gadget = 2 * pair
        rows.append(Statement(ends[0], "delay", (root,), (choose.uniform(0, delay_ns),)))
        for node, half in zip(ends, halves, strict=True):
            taken[node] += 1
            rows.append(Statement(node, "reset", (half,), gadget=gadget))
        for node, half in zip(ends, halves, strict=True):
            rows.append(Statement(node, "dqc_epr", (half,), link=number, pair=pair, gadget=gadget))
        rows.append(Statement(ends[0], "cx", (root, halves[0]), gadget=gadget))
        bit = send(ends[0], ends[1], halves[0])
        correction = ((*bit, True),)
        rows.append(Statement(ends[1], "x", (halves[1],), condition=correction, gadget=gadget))
        rows.append(Statement(ends[1], "cz", (halves[1], partner)))
        rows.append(Statement(ends[1], "delay", (partner,), (choose.uniform(0, delay_ns),)))
        gadget += 1
        rows.append(Statement(ends[1], "h", (halves[1],), gadget=gadget))
        bit = send(ends[1], ends[0], halves[1])
        rows.append(Statement(ends[0], "z", (root,), condition=((*bit, True),)))
    qpus = tuple(Node(name=f"n{i}", data_qubits=DATA, comm_qubits=comm) for i in range(nodes))
    network = Network(qpus, tuple(Link(between=ends, **link) for ends in between))
    none = frozen([], np.int32)
    program = DistributedProgram(
        network=network,
        name=f"random {seed}",
        qubits=(),
        clbit_names=(),
        registers=tuple(Register(a, (b,), bits) for (a, b), bits in size.items()),
        **DistributedProgram.columns(rows),
        gadget_kind=frozen([0, 1] * pairs, np.int8),
        gadget_wire=frozen(np.arange(2 * pairs) // 2, np.int32),
        served=frozen([1, 0] * pairs, np.int32),
        data_qubits=frozen([DATA] * nodes, np.int32),
        comm_qubits=frozen([comm] * nodes, np.int32),
        peak_comm=frozen([comm] * nodes, np.int32),
        start=none.reshape(-1, 2),
        end=none.reshape(-1, 2),
        clbits=none.reshape(-1, 2),
    )
    program.verify()
    return program


class Pairs(NamedTuple):
    """What the pairs of a program wait for, everything between them taken together; times in ns.

    `lag[i][j]` is the longest path from the end of pair i to the start of pair j, -inf if there is
    none; `head` the same from the start of the program, `tail` to its end.
    """

    link: list[int]
    duration: list[float]
    head: list[float]
    tail: list[float]
    lag: list[list[float]]


def find_pairs(program: DistributedProgram) -> Pairs:
    """Longest paths between pairs, statement by statement in global order."""
    rows, lasting = list(program.statements()), durations_ns(program).tolist()
    latency = program.network.latencies_ns()
    count = program.pairs
    never = np.full(count + 1, -np.inf)  # since the end of each pair; at last the program's start
    origin = never.copy()
    origin[-1] = 0.0
    on: dict[tuple[int, int], np.ndarray] = {}
    sent: dict[tuple[int, int], tuple[int, np.ndarray]] = {}
    number: dict[tuple[int, int], int] = {}
    link, duration, head = [], [], np.zeros((count, count + 1))
    tail = np.zeros(count + 1)
    twin: dict[int, int] = {}
    for index, row in enumerate(rows):
        if row.name == "dqc_epr":
            pair = number.setdefault((row.link, row.pair), len(number))
            twin.setdefault(pair, index)
        waits = [origin, *(on[row.node, q] for q in row.qubits if (row.node, q) in on)]
        for register, bit, _ in row.condition:
            sender, since = sent[register, bit]
            waits.append(since + latency[sender][row.node])
        start = np.maximum.reduce(waits)
        end = start + lasting[index]
        if row.name == "dqc_epr":
            if twin[pair] == index:
                link.append(row.link)
                duration.append(lasting[index])
                head[pair] = start
            head[pair] = np.maximum(head[pair], start)
            end = never.copy()
            end[pair] = 0.0
        on.update({(row.node, q): end for q in row.qubits})
        if row.writes is not None:
            sent[row.writes] = (row.node, end)
        tail = np.maximum(tail, end)
    lag = [[float(head[j][i]) for j in range(count)] for i in range(count)]
    return Pairs(link, duration, head[:, -1].tolist(), tail.tolist(), lag)


class _Rows:
    """Inequalities, each a sum of coefficients that is at least a number."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int, float]] = []
        self.low: list[float] = []

    def at_least(self, low: float, *terms: tuple[int, float]) -> None:
        self.entries += [(len(self.low), variable, value) for variable, value in terms]
        self.low.append(low)


def exact_ns(program: DistributedProgram, *, seconds: float = 20.0) -> tuple[float, bool]:
    """The shortest planned makespan, and whether it is proven (or a lower bound is returned).

    Variables are the start of every pair, the makespan, for two pairs of a link which comes first,
    and with several channels which one each pair takes.
    """
    pairs = find_pairs(program)
    count = len(pairs.link)
    last = count  # the makespan
    channels = [link.channels for link in program.network.links]
    horizon = ListSchedule(in_time=None).run(program).planned_makespan_ns
    rows = _Rows()
    rows.at_least(pairs.tail[-1], (last, 1.0))
    for i in range(count):
        rows.at_least(pairs.head[i], (i, 1.0))
        rows.at_least(pairs.duration[i] + pairs.tail[i], (last, 1.0), (i, -1.0))
        for j in range(count):
            if i != j and pairs.lag[i][j] > -np.inf:
                rows.at_least(pairs.duration[i] + pairs.lag[i][j], (j, 1.0), (i, -1.0))
    variables = count + 1
    place: dict[tuple[int, int], int] = {}
    for i in range(count):
        if channels[pairs.link[i]] > 1:
            of = [variables + c for c in range(channels[pairs.link[i]])]
            place |= {(i, c): variable for c, variable in enumerate(of)}
            variables += len(of)
            rows.at_least(1.0, *((variable, 1.0) for variable in of))
    for i, j in combinations(range(count), 2):
        is_ordered = pairs.lag[i][j] > -np.inf or pairs.lag[j][i] > -np.inf
        if pairs.link[i] != pairs.link[j] or is_ordered:
            continue
        order, variables = variables, variables + 1  # 1: i comes first
        for c in range(channels[pairs.link[i]]):
            apart = [(place[k, c], -horizon) for k in (i, j) if (k, c) in place]
            free = -horizon * len(apart)
            low = pairs.duration[i]
            rows.at_least(low - horizon + free, (j, 1.0), (i, -1.0), (order, -horizon), *apart)
            rows.at_least(low + free, (i, 1.0), (j, -1.0), (order, horizon), *apart)
    matrix = np.zeros((len(rows.low), variables))
    for row, variable, value in rows.entries:
        matrix[row, variable] += value
    cost = np.zeros(variables)
    cost[last] = 1.0
    result = milp(
        cost,
        constraints=LinearConstraint(matrix, np.array(rows.low), np.inf),
        integrality=np.arange(variables) > last,
        bounds=Bounds(0, np.where(np.arange(variables) > last, 1.0, horizon + 1.0)),
        options={"time_limit": seconds, "mip_rel_gap": 1e-6},
    )
    if result.status == 0:
        return float(result.fun), True
    return float(result.mip_dual_bound or 0.0), False
