"""Execute a circuit within every node's memory: which copies are opened, when, for which gates.

The walk keeps a list of the operations whose predecessors are done. What costs nothing is executed
at once; otherwise the gate whose copies can be used best right now opens them. Operations commute
within a level (see `SegmentGraph`), so a copy serves all its gates that are ready before it goes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dqc_compiler.kernels.jit import helper, kernel, record, signature

OPERATION, OPEN, CLOSE, MOVE = 0, 1, 2, 3  # as in `StepKind`
DONE, NO_ROOM, TOO_LONG = 0, 1, 2
_ABSENT = -1
_NEVER = 1 << 60


class Problem(NamedTuple):
    """What does not change."""

    first_operand: np.ndarray  # (o + 1,) where the operands of each operation start
    # (.,) wire of each operand; wires past the last one may stand for anything else that operations
    # have to keep an order about
    operand_wire: np.ndarray
    operand_level: np.ndarray  # (.,) level of each operand on its wire
    gate_of: np.ndarray  # (o,) the gate that an operation is, or -1
    gate_operation: np.ndarray  # (g,) the inverse
    gate_segments: np.ndarray  # (g, 2)
    gate_host: np.ndarray  # (g,) planned host
    first_gate: np.ndarray  # (s + 1,)
    segment_gates: np.ndarray  # (2 g,) gates of each segment, ascending
    wire_segments: np.ndarray  # (w + 1,)
    segment_wire: np.ndarray  # (s,)
    data: np.ndarray  # (k,) data qubits
    cells: np.ndarray  # (k,) data and comm qubits
    route: np.ndarray  # (k, k) number of the route between two neighbours
    distance: np.ndarray  # (k, k) pairs between two nodes
    towards: np.ndarray  # (k, k) the next neighbour on the shortest way
    parent: np.ndarray  # (t, k) trees: from which neighbour a node gets its copy, or -1
    tree_of: np.ndarray  # (s,) the tree of each segment
    is_flat: bool  # whether every two nodes are one link apart, so that there are no trees
    window: int  # how many ready operations, in program order, are looked at; 1 is program order
    reserve: np.ndarray  # (k,) comm qubits that may not hold roots
    is_limited: bool  # whether hosts may change where memory is short


class State(NamedTuple):
    """Where everything is, and what is left to do."""

    home: np.ndarray  # (s,) home of each segment, as far as it turned out to be possible
    tree: np.ndarray  # (w,) tree of each wire's current segment
    segment: np.ndarray  # (w,) current segment of each wire
    root: np.ndarray  # (w,) node of each wire
    copy: np.ndarray  # (w, k) bool, copies
    copies: np.ndarray  # (w,) their number
    load: np.ndarray  # (k,) roots and copies
    roots: np.ndarray  # (k,)
    restless: np.ndarray  # (w,) bool, the wire's segment is over and the next one lives elsewhere
    uses: np.ndarray  # (s, k) gates planned at each node and not executed
    left: np.ndarray  # (s,) gates not executed
    done: np.ndarray  # (g,) bool
    is_ready: np.ndarray  # (g,) bool
    is_free: np.ndarray  # (g,) bool, ready and without need of a pair; up to date but for `stale`
    stale: np.ndarray  # (w,) bool, wires that were opened, closed, moved or entered
    stale_wires: np.ndarray  # (w + 1,) their number, and which they are


class Agenda(NamedTuple):
    """Which operations may be executed next."""

    first: np.ndarray  # (w + 1,) where the operands of each wire start
    operand: np.ndarray  # (.,) all operands, wire by wire
    owner: np.ndarray  # (.,) the operation of each operand
    waits: np.ndarray  # (o,) wires whose level has not begun
    begun: np.ndarray  # (w,) end of the operands whose level has begun
    left: np.ndarray  # (w,) operations of that level that are not executed
    ready: np.ndarray  # (o,) operations that wait for nothing, ascending


class Tape(NamedTuple):
    """The steps so far."""

    steps: np.ndarray  # (., 7)
    counts: np.ndarray  # (2,) steps, pairs


@helper
def _write(tape, kind, operation, wire, source, target, link, host):
    row = tape.steps[tape.counts[0]]
    row[0], row[1], row[2], row[3] = kind, operation, wire, source
    row[4], row[5], row[6] = target, link, host
    tape.counts[0] += 1


@helper
def _touch(state, wire):
    """Remember that the wire's gates may have become free, or are no longer."""
    if not state.stale[wire]:
        state.stale[wire] = True
        state.stale_wires[0] += 1
        state.stale_wires[state.stale_wires[0]] = wire


@helper
def _next_home(problem, state, wire, segment):
    is_last = segment + 1 == problem.wire_segments[wire + 1]
    return state.root[wire] if is_last else state.home[segment + 1]


@helper
def _next_use(problem, state, wire, node):
    """The first gate left, in program order, that a copy serves, or the segment's end if it moves.

    With gates out of order this is a guess at what Belady's rule asks for.
    """
    segment = state.segment[wire]
    if state.uses[segment, node] > 0:
        for i in range(problem.first_gate[segment], problem.first_gate[segment + 1]):
            gate = problem.segment_gates[i]
            if not state.done[gate] and problem.gate_host[gate] == node:
                return gate
    if node != state.root[wire] and _next_home(problem, state, wire, segment) == node:
        return problem.segment_gates[problem.first_gate[segment + 1] - 1] + 1
    return _NEVER


@helper
def _close(state, tape, wire, node):
    _write(tape, CLOSE, _ABSENT, wire, node, _ABSENT, _ABSENT, _ABSENT)
    state.copy[wire, node] = False
    state.copies[wire] -= 1
    state.load[node] -= 1
    _touch(state, wire)


@helper
def _room(problem, state, node, first, second):
    """Cells that are free, or would be after closing every copy but those of two wires."""
    room = problem.cells[node] - state.roots[node]
    return room - (1 if state.copy[first, node] else 0) - (1 if state.copy[second, node] else 0)


@helper
def _make_room(problem, state, tape, node, first, second):
    """Close copies with the furthest next use until one more cell is free; False if none is.

    The copies of two wires are kept, which may be -1.
    """
    while state.load[node] + 1 > problem.cells[node]:
        victim, furthest = -1, -1
        for wire in range(len(state.root)):
            if state.copy[wire, node] and wire != first and wire != second:
                use = _next_use(problem, state, wire, node)
                if use >= furthest:
                    victim, furthest = wire, use
        if victim < 0:
            return False
        _close(state, tape, victim, node)
    return True


@helper
def _hop(problem, state, tape, wire, source, target):
    """Open a copy at a neighbour of a member; both have room for it."""
    _write(tape, OPEN, _ABSENT, wire, source, target, problem.route[source, target], _ABSENT)
    tape.counts[1] += problem.distance[source, target]
    state.copy[wire, target] = True
    state.copies[wire] += 1
    state.load[target] += 1
    _touch(state, wire)


@helper
def _is_present(state, wire, node):
    return state.root[wire] == node or state.copy[wire, node]


@helper
def _pass_on(problem, state, tape, wire, source, node, target, first, second):
    """Open a copy at `node`, on the way from a member at `source` to `target`.

    Where no way is longer than a link the copies of the gate's two wires are kept everywhere, on
    others only at the host: a node that is passed may have room for nothing else.
    """
    for place in range(2):
        at = source if place == 0 else node
        if problem.is_flat or at == target:
            is_room = _make_room(problem, state, tape, at, first, second)
        else:
            is_room = _make_room(problem, state, tape, at, wire, -1)
        if not is_room:
            return False
    _hop(problem, state, tape, wire, source, node)
    return True


@helper
def _follow_tree(problem, state, tape, wire, target, first, second):
    """Open copies along the tree of the wire's segment; False if it does not get there."""
    parent = problem.parent[state.tree[wire]]
    while not _is_present(state, wire, target):
        node = target
        while parent[node] >= 0 and not _is_present(state, wire, parent[node]):
            node = parent[node]
        source = parent[node]
        if source < 0 or not _pass_on(
            problem, state, tape, wire, source, node, target, first, second
        ):
            return False
    return True


@helper
def _follow_way(problem, state, tape, wire, source, target, first, second):
    """Open copies along the shortest way from a member; False if a node on it has no room."""
    while source != target:
        node = problem.towards[source, target]
        if not _is_present(state, wire, node) and not _pass_on(
            problem, state, tape, wire, source, node, target, first, second
        ):
            return False
        source = node
    return True


@helper
def _nearest(problem, state, wire, target):
    """The member of a wire from which a node is reached with fewest pairs; of equals, the root."""
    best = state.root[wire]
    if not problem.is_flat and state.copies[wire] > 0:
        for node in range(len(problem.data)):
            is_nearer = problem.distance[node, target] < problem.distance[best, target]
            if state.copy[wire, node] and is_nearer:
                best = node
    return best


@helper
def _open(problem, state, tape, wire, target, first, second):
    """Open a copy; the copies of two wires are kept at the target. False if there is no room."""
    root = state.root[wire]
    if problem.is_flat:
        return _pass_on(problem, state, tape, wire, root, target, target, first, second)
    if _follow_tree(problem, state, tape, wire, target, first, second):
        return True
    # The tree begins at the planned home, and the root may be elsewhere; and a copy may stand where
    # nothing can be sent on. The way from the root always has room: see `PlanVisits`.
    source = _nearest(problem, state, wire, target)
    if _follow_way(problem, state, tape, wire, source, target, first, second):
        return True
    return _follow_way(problem, state, tape, wire, root, target, first, second)


@helper
def _close_all(problem, state, tape, wire):
    if state.copies[wire] > 0:
        for node in range(len(problem.data)):
            if state.copy[wire, node]:
                _close(state, tape, wire, node)


@helper
def _move(problem, state, tape, wire, target):
    """Move a root, whose segment is over; False if the pairs that it takes have no room.

    Copies that were only passed on the way are closed.
    """
    source = state.root[wire]
    if not state.copy[wire, target] and not _open(problem, state, tape, wire, target, wire, wire):
        return False
    _write(tape, MOVE, _ABSENT, wire, source, target, _ABSENT, _ABSENT)
    state.copy[wire, target] = False
    state.copies[wire] -= 1
    state.root[wire] = target
    state.load[source] -= 1
    state.roots[source] -= 1
    state.roots[target] += 1
    state.restless[wire] = False
    _touch(state, wire)
    _close_all(problem, state, tape, wire)
    return True


@helper
def _let_leave(problem, state, tape, node, keep):
    """Move restless wires away from a node while its roots exceed its data qubits."""
    for wire in range(len(state.root)):
        if not state.restless[wire] or state.root[wire] != node or wire == keep:
            continue
        target = _next_home(problem, state, wire, state.segment[wire])
        is_full = state.roots[node] >= problem.data[node]
        if is_full and state.roots[target] + 1 <= problem.cells[target] - problem.reserve[target]:
            _move(problem, state, tape, wire, target)


@helper
def _move_if_possible(problem, state, tape, wire, target):
    """Move a root, after wires that want to leave the target anyway, unless it is too full.

    A node keeps a comm qubit that holds no root, or it could neither send nor receive, and two if
    others are reached through it.
    """
    if state.roots[target] >= problem.data[target]:
        _let_leave(problem, state, tape, target, wire)
    if state.roots[target] + 1 > problem.cells[target] - problem.reserve[target]:
        return False
    return _move(problem, state, tape, wire, target)


@helper
def _enter(problem, state, tape, wire, segment):
    """Make `segment` the current one, with the root at its home if there is room.

    Otherwise it stays where it is for that segment and visits what its home was to host.
    """
    if state.segment[wire] == segment:
        return
    state.segment[wire] = segment
    state.tree[wire] = problem.tree_of[segment]
    _touch(state, wire)
    state.restless[wire] = False
    home = state.home[segment]
    if home != state.root[wire] and not _move_if_possible(problem, state, tape, wire, home):
        state.home[segment] = state.root[wire]


@helper
def _serves_others(problem, state, wire, segment, node):
    """Whether a copy is on the way of the segment's tree to a node that still needs one."""
    if problem.is_flat:
        return False
    parent = problem.parent[state.tree[wire]]
    next_home = _next_home(problem, state, wire, segment)
    for target in range(len(problem.data)):
        is_wanted = state.uses[segment, target] > 0 or target == next_home
        if is_wanted and not _is_present(state, wire, target):
            up = parent[target]
            while up >= 0 and not _is_present(state, wire, up):
                up = parent[up]
            if up == node:
                return True
    return False


@helper
def _leave(problem, state, tape, wire, segment):
    """Close the copies that serve no gate left; take a home change that is free or cheaper now."""
    next_home = _next_home(problem, state, wire, segment)
    is_over = state.left[segment] == 0
    is_near = False
    for node in range(len(problem.data)):
        if state.copy[wire, node] and state.uses[segment, node] == 0 and node != next_home:
            if not _serves_others(problem, state, wire, segment, node):
                _close(state, tape, wire, node)
            elif is_over:
                is_near = True
    if not is_over or next_home == state.root[wire]:
        return
    state.restless[wire] = True
    is_near = is_near or state.copy[wire, next_home]
    if is_near and not _move_if_possible(problem, state, tape, wire, next_home):
        _close_all(problem, state, tape, wire)


@helper
def _root_after(state, wire, segment):
    """Where the root will be when `segment` is current, as far as can be told."""
    if state.segment[wire] == segment:
        return state.root[wire]
    return state.home[segment]


@helper
def _missing(state, wire, segment, root, node):
    """Pairs needed to have a wire at a node when its root is at `root`."""
    if root == node:
        return 0
    return 0 if state.segment[wire] == segment and state.copy[wire, node] else 1


@helper
def _share(problem, state, gate_host, wire, segment, root, node):
    """What one gate has to bear of the pair that brings a wire to a node: its part of the uses."""
    if _missing(state, wire, segment, root, node) == 0:
        return 0.0
    uses = state.uses[segment, node] + (0 if gate_host == node else 1)
    source = _nearest(problem, state, wire, node) if state.segment[wire] == segment else root
    return problem.distance[source, node] / uses


@helper
def _choose_host(problem, state, gate):
    """The planned host, unless memory is short and another node serves better.

    A gate whose operands happen to be together elsewhere costs nothing there; a copy that would
    serve this gate only is not worth the one at an operand's home; and a node that cannot hold the
    copies which a third party needs hands the gate to an operand's home.
    """
    planned = problem.gate_host[gate]
    if not problem.is_limited:
        return planned
    s, t = problem.gate_segments[gate, 0], problem.gate_segments[gate, 1]
    u, v = problem.segment_wire[s], problem.segment_wire[t]
    a, b = _root_after(state, u, s), _root_after(state, v, t)
    best, best_price = -1, 0.0
    both_have_copies = state.copies[u] > 0 and state.copies[v] > 0
    for choice in range(len(problem.data) + 3 if both_have_copies else 3):
        node = planned if choice == 0 else a if choice == 1 else b if choice == 2 else choice - 3
        missing = _missing(state, u, s, a, node) + _missing(state, v, t, b, node)
        if missing == 0:
            return node
        if choice > 2 or missing > _room(problem, state, node, u, v):
            continue
        price = _share(problem, state, planned, u, s, a, node)
        price += _share(problem, state, planned, v, t, b, node)
        if best < 0 or price < best_price - 1e-9:
            best, best_price = node, price
    return best


@helper
def _ready_share(problem, state, segment, node):
    """The part of the gates planned for a copy that it could serve at once."""
    ready = 0
    for i in range(problem.first_gate[segment], problem.first_gate[segment + 1]):
        gate = problem.segment_gates[i]
        if not state.is_ready[gate] or problem.gate_host[gate] != node:
            continue
        side = 0 if problem.gate_segments[gate, 1] == segment else 1
        partner = problem.gate_segments[gate, side]
        other = problem.segment_wire[partner]
        root = _root_after(state, other, partner)
        if _missing(state, other, partner, root, node) == 0:
            ready += 1
    return ready / max(1, state.uses[segment, node])


@helper
def _urgency(problem, state, gate):
    """How well the pairs that a gate needs would be used now; more is better."""
    host = _choose_host(problem, state, gate)
    value = 0.0
    for side in range(2):
        segment = problem.gate_segments[gate, side]
        wire = problem.segment_wire[segment]
        root = _root_after(state, wire, segment)
        if _missing(state, wire, segment, root, host) == 0:
            continue
        value += _ready_share(problem, state, segment, host) - 1.0
        if state.load[host] + 1 > problem.cells[host]:
            value -= 2.0
        if state.load[root] + 1 > problem.cells[root]:
            value -= 2.0
    return value


@helper
def _is_free(problem, state, gate):
    """Whether a gate can be executed without a pair; where memory is short, anywhere."""
    s, t = problem.gate_segments[gate, 0], problem.gate_segments[gate, 1]
    u, v = problem.segment_wire[s], problem.segment_wire[t]
    if state.segment[u] != s and state.home[s] != state.root[u]:
        return False
    if state.segment[v] != t and state.home[t] != state.root[v]:
        return False
    a, b = state.root[u], state.root[v]
    if not problem.is_limited:
        host = problem.gate_host[gate]
        return _missing(state, u, s, a, host) + _missing(state, v, t, b, host) == 0
    if _missing(state, u, s, a, b) == 0 or _missing(state, v, t, b, a) == 0:
        return True
    if state.copies[u] == 0 or state.copies[v] == 0:
        return False
    if state.segment[u] != s or state.segment[v] != t:
        return False
    for node in range(len(problem.data)):
        if state.copy[u, node] and state.copy[v, node]:
            return True
    return False


@helper
def _refresh(problem, state):
    """Bring `is_free` up to date for the gates of stale wires.

    A ready gate belongs to the current segment of each of its wires or to the next one.
    """
    for position in range(1, state.stale_wires[0] + 1):
        wire = state.stale_wires[position]
        state.stale[wire] = False
        segment = state.segment[wire]
        last = min(segment + 2, problem.wire_segments[wire + 1])
        for i in range(problem.first_gate[segment], problem.first_gate[last]):
            gate = problem.segment_gates[i]
            state.is_free[gate] = state.is_ready[gate] and _is_free(problem, state, gate)
    state.stale_wires[0] = 0


@helper
def _execute(problem, state, tape, gate):
    """Execute a gate with all that it takes; False if there was no room."""
    s, t = problem.gate_segments[gate, 0], problem.gate_segments[gate, 1]
    u, v = problem.segment_wire[s], problem.segment_wire[t]
    _enter(problem, state, tape, u, s)
    _enter(problem, state, tape, v, t)
    host = _choose_host(problem, state, gate)
    if host < 0:
        return False
    for wire in (u, v):
        is_present = state.root[wire] == host or state.copy[wire, host]
        if not is_present and not _open(problem, state, tape, wire, host, u, v):
            return False
    operation = problem.gate_operation[gate]
    _write(tape, OPERATION, operation, _ABSENT, _ABSENT, _ABSENT, _ABSENT, host)
    planned = problem.gate_host[gate]
    state.done[gate] = True
    state.is_ready[gate] = False
    state.is_free[gate] = False
    for segment in (s, t):
        state.uses[segment, planned] -= 1
        state.left[segment] -= 1
    _leave(problem, state, tape, u, s)
    _leave(problem, state, tape, v, t)
    return True


@helper
def _bring_home(problem, state, tape):
    """At the end every root needs a data qubit; a node with too many gives some away."""
    for wire in range(len(state.root)):
        node = state.root[wire]
        if state.roots[node] <= problem.data[node]:
            continue
        for target in range(len(problem.data)):
            if state.roots[target] < problem.data[target]:
                if not _move(problem, state, tape, wire, target):
                    return False
                break
    return True


@helper
def _insert(ready, count, operation):
    """Insert into the ascending list ready[:count]."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        if ready[middle] < operation:
            low = middle + 1
        else:
            high = middle
    for i in range(count, low, -1):
        ready[i] = ready[i - 1]
    ready[low] = operation
    return count + 1


@helper
def _pick(problem, state, ready, count):
    """Position in the list of the operation to execute next."""
    window = min(count, problem.window)
    for i in range(window):
        gate = problem.gate_of[ready[i]]
        if gate < 0 or state.is_free[gate]:
            return i
    best, best_urgency = 0, -1e9
    for i in range(window):
        urgency = _urgency(problem, state, problem.gate_of[ready[i]])
        if urgency > best_urgency + 1e-9:
            best, best_urgency = i, urgency
    return best


@helper
def _prepare(problem, agenda):
    """Sort the operands by wire and count what every operation waits for."""
    agenda.first[:] = 0
    agenda.waits[:] = 0
    for wire in problem.operand_wire:
        agenda.first[wire + 1] += 1
    for wire in range(len(agenda.left)):
        agenda.first[wire + 1] += agenda.first[wire]
        agenda.begun[wire] = agenda.first[wire]
        agenda.left[wire] = 0
    for operation in range(len(problem.gate_of)):
        for i in range(problem.first_operand[operation], problem.first_operand[operation + 1]):
            wire = problem.operand_wire[i]
            agenda.operand[agenda.begun[wire]] = i
            agenda.owner[i] = operation
            agenda.begun[wire] += 1
            agenda.waits[operation] += 1
    for wire in range(len(agenda.left)):
        agenda.begun[wire] = agenda.first[wire]


@helper
def _settle(problem, state, home):
    """The state at the start."""
    for segment in range(len(home)):
        state.home[segment] = home[segment]
    state.roots[:] = 0
    for wire in range(len(state.root)):
        state.segment[wire] = problem.wire_segments[wire]
        state.root[wire] = home[problem.wire_segments[wire]]
        state.tree[wire] = problem.tree_of[problem.wire_segments[wire]]
        state.roots[state.root[wire]] += 1
    for node in range(len(state.load)):
        state.load[node] = state.roots[node]
    state.copy[:] = False
    state.copies[:] = 0
    state.restless[:] = False
    state.stale[:] = False
    state.stale_wires[0] = 0
    state.uses[:] = 0
    state.left[:] = 0
    for gate in range(len(problem.gate_operation)):
        for side in range(2):
            state.uses[problem.gate_segments[gate, side], problem.gate_host[gate]] += 1
            state.left[problem.gate_segments[gate, side]] += 1
    state.done[:] = False
    state.is_ready[:] = False
    state.is_free[:] = False


@helper
def _begin(problem, state, agenda, wire, count):
    """Begin the wire's next level if the one before is done; returns the new length of the list."""
    if agenda.left[wire] > 0 or agenda.begun[wire] == agenda.first[wire + 1]:
        return count
    level = problem.operand_level[agenda.operand[agenda.begun[wire]]]
    while agenda.begun[wire] < agenda.first[wire + 1]:
        i = agenda.operand[agenda.begun[wire]]
        if problem.operand_level[i] != level:
            break
        agenda.begun[wire] += 1
        agenda.left[wire] += 1
        operation = agenda.owner[i]
        agenda.waits[operation] -= 1
        if agenda.waits[operation] == 0:
            count = _insert(agenda.ready, count, operation)
            gate = problem.gate_of[operation]
            if gate >= 0:
                state.is_ready[gate] = True
                state.is_free[gate] = _is_free(problem, state, gate)
    return count


@helper
def _walk(problem, state, agenda, tape):
    """Execute everything; DONE, NO_ROOM at a node, or TOO_LONG for the tape."""
    count, executed = 0, 0
    for operation in range(len(problem.gate_of)):
        if agenda.waits[operation] == 0:
            count = _insert(agenda.ready, count, operation)
    for wire in range(len(agenda.left)):
        count = _begin(problem, state, agenda, wire, count)
    while count > 0:
        _refresh(problem, state)
        position = _pick(problem, state, agenda.ready, count)
        operation = agenda.ready[position]
        count -= 1
        for i in range(position, count):
            agenda.ready[i] = agenda.ready[i + 1]
        if tape.counts[0] + _longest_step(problem, state) > len(tape.steps):
            return TOO_LONG
        gate = problem.gate_of[operation]
        if gate < 0:
            _write(tape, OPERATION, operation, _ABSENT, _ABSENT, _ABSENT, _ABSENT, _ABSENT)
        elif not _execute(problem, state, tape, gate):
            return NO_ROOM
        executed += 1
        for i in range(problem.first_operand[operation], problem.first_operand[operation + 1]):
            agenda.left[problem.operand_wire[i]] -= 1
            count = _begin(problem, state, agenda, problem.operand_wire[i], count)
    if executed < len(problem.gate_of) or not _bring_home(problem, state, tape):
        return NO_ROOM
    return DONE


@helper
def _longest_step(problem, state):
    """Most rows of the tape that one operation, or the end, can take.

    A gate brings two copies, and every wire may move once before; each passes all nodes at most.
    All copies that are opened, and those that are there, are closed.
    """
    wires, nodes = state.copy.shape
    opened = (wires + 2) * (1 if problem.is_flat else nodes)
    return wires + 2 * opened + min(wires * nodes, state.load.sum()) + 16


_ROW, _TABLE, _FLAGS = "int64[::1]", "int64[:,::1]", "boolean[::1]"


@kernel(
    signature(
        "int64",
        record(
            Problem,
            *[_ROW] * 5,
            _TABLE,
            *[_ROW] * 7,
            *[_TABLE] * 4,
            _ROW,
            "boolean",
            "int64",
            _ROW,
            "boolean",
        ),
        record(
            State,
            *[_ROW] * 4,
            "boolean[:,::1]",
            *[_ROW] * 3,
            _FLAGS,
            _TABLE,
            _ROW,
            *[_FLAGS] * 4,
            _ROW,
        ),
        record(Agenda, *[_ROW] * 7),
        record(Tape, "int32[:,::1]", _ROW),
        _ROW,
    )
)
def walk(problem, state, agenda, tape, home):
    """Execute everything; DONE, NO_ROOM at some node, or TOO_LONG for the tape.

    Args:
        problem: what does not change.
        state: scratch, of the shapes that `State` says.
        agenda: scratch.
        tape: gets the steps; room for a few more than there will be.
        home: (s,) planned home of each segment.
    """
    tape.counts[:] = 0
    _prepare(problem, agenda)
    _settle(problem, state, home)
    return _walk(problem, state, agenda, tape)


def plan_visits(problem, home):
    """Steps (n, 7) int32 with the columns of `Step`, and the number of pairs.

    Args:
        problem: see `Problem`.
        home: (s,) int64, planned home of each segment.

    Raises:
        ValueError: a node has no free comm qubit for a pair that has to be opened.
    """
    state, agenda = _scratch(problem)
    length = _tape_rows(problem, home, 1)
    while True:
        tape = Tape(np.empty((length, 7), np.int32), np.zeros(2, np.int64))
        result = walk(problem, state, agenda, tape, home)
        if result == NO_ROOM:
            raise ValueError("a node has no free comm qubit")
        if result == DONE:
            return tape.steps[: tape.counts[0]].copy(), int(tape.counts[1])
        length *= 2


def pricer(problem, home):
    """A function that gives the pairs of the plan for the hosts and homes as they are then.

    It gives None where `plan_visits` would raise, or where the plan gets several times as long as
    a good one.

    Args:
        problem: see `Problem`; its `gate_host` may be changed between two calls.
        home: (s,) int64, likewise.
    """
    state, agenda = _scratch(problem)
    tape = Tape(np.empty((_tape_rows(problem, home, 4), 7), np.int32), np.zeros(2, np.int64))

    def price():
        return int(tape.counts[1]) if walk(problem, state, agenda, tape, home) == DONE else None

    return price


def _tape_rows(problem, home, times):
    """Room for a plan that takes so many times as many steps as good ones do."""
    steps = 2 * len(problem.gate_of) + 4 * len(home)
    return times * steps + 64 * len(problem.data) + 1024


def _scratch(problem):
    """Arrays for a walk, not initialised."""
    wires, nodes = len(problem.wire_segments) - 1, len(problem.data)
    segments, gates = len(problem.segment_wire), len(problem.gate_operation)
    operands, operations = len(problem.operand_wire), len(problem.gate_of)
    tracks = max(wires, int(problem.operand_wire.max(initial=-1)) + 1)

    def row(length):
        return np.empty(length, np.int64)

    def flags(*shape):
        return np.empty(shape, np.bool_)

    state = State(
        row(segments), row(wires), row(wires), row(wires), flags(wires, nodes), row(wires),
        row(nodes), row(nodes), flags(wires), np.empty((segments, nodes), np.int64), row(segments),
        flags(gates), flags(gates), flags(gates), flags(wires), row(wires + 1),
    )  # fmt: skip
    agenda = Agenda(
        row(tracks + 1), row(operands), row(operands), row(operations), row(tracks), row(tracks),
        row(operations + 1),
    )  # fmt: skip
    return state, agenda
