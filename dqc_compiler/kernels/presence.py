"""Local search over presences and homes that may change with time.

State: for every segment a set of nodes where its qubit is present (a bit mask: the root's home and
the copies), and the home. Two rules make a state valid: segments that share a gate have a node in
common, and a segment is present at its own home and at the home of the wire's next segment, because
a qubit moves onto a copy of itself. The price is the number of presences beyond one per segment;
where not every two nodes share a link, it is what a Steiner tree of each segment's nodes weighs.

A wire is idle between its last gate of a segment and its first one of the next, and may change its
home at any moment in between. Two wires that take each other's place have to do so at the same
moment. So the moment of every change is part of the state; where a segment's home is that of the
one before, it means nothing and is chosen anew when one of them moves.

A gate that two copies serve at a third node needs both there at the same time. Where memory is
short, such far gates cost `far_price` each, as what they save in pairs has to be bought again.

In this form a gate needs no host: any common node serves. `sole[s, p]` counts the gates (edges) of
s whose only common node is p; a presence may be dropped as soon as that is zero. So a proposal adds
presences, drops every one around them that has become needless, and is judged by the difference,
which crosses barriers that re-hosting one gate at a time cannot: a hub takes over in a single step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dqc_compiler.kernels.copying import copy_into
from dqc_compiler.kernels.jit import helper, kernel, record, signature
from dqc_compiler.kernels.random import draw
from dqc_compiler.kernels.steiner import TREES, Trees, join_members, scratch


class Graph(NamedTuple):
    """What does not change; see `search_presences` for the shapes."""

    neighbour: np.ndarray
    first_neighbour: np.ndarray
    wire_segments: np.ndarray
    wire_of: np.ndarray
    earliest: np.ndarray
    latest: np.ndarray
    layers: int
    capacity: np.ndarray
    far_price: float
    is_flat: bool  # whether every two nodes are one link apart
    trees: Trees


class State(NamedTuple):
    """What a proposal changes, and the log that takes it back."""

    mask: np.ndarray  # (s,) int64
    home: np.ndarray  # (s,) int64
    start: np.ndarray  # (s,) int64, layer from which the home counts
    sole: np.ndarray  # (s, k) int64
    load: np.ndarray  # (layers, k) int64, wires at home
    price: np.ndarray  # (1,) int64, pairs
    known: np.ndarray  # (c,) int64, masks of which the price is known, where their hash says
    known_price: np.ndarray  # (c,) int64
    far: np.ndarray  # (1,) int64, gates (edges) whose segments meet at none of their homes
    log: np.ndarray  # (., 3) int64: segment, node, +1 added / -1 dropped
    random: np.ndarray  # (1,) uint64


class Fit(NamedTuple):
    """Scratch for the moments at which a search begins."""

    order: np.ndarray  # (s,) segments by `latest`, those of one wire ascending
    now: np.ndarray  # (w,) segment at whose home each wire is
    roots: np.ndarray  # (k,)
    mover: np.ndarray  # (k,) the wire that would move to a node
    queue: np.ndarray  # (k,)


# Of 100 proposals, where a node takes too many: those from here on look for better moments, and
# those from there on for a wire that can leave.
_RETIME_FROM, _RELIEVE_FROM = 96, 88
_KNOWN = 1 << 14  # places for prices of masks


@helper
def _count(mask):
    """Number of nodes in a mask."""
    n = 0
    while mask:
        mask &= mask - 1
        n += 1
    return n


@helper
def _lowest(mask):
    """Lowest node of a mask that is not empty."""
    p = 0
    while not mask & 1:
        mask >>= 1
        p += 1
    return p


@helper
def _is_far(state, s, t, common):
    """Whether two segments that share the nodes `common` meet at none of their homes."""
    near = (np.int64(1) << state.home[s]) | (np.int64(1) << state.home[t])
    return common & near == 0


@helper
def _tree_price(graph, state, mask):
    """Pairs that it takes to be present at the nodes of a mask.

    Segments have few different masks, so most prices are known; a mask that hashes to the place of
    another one takes it over.
    """
    if graph.is_flat:
        return _count(mask) - 1
    if mask & (mask - 1) == 0:
        return 0
    hashed = (np.uint64(mask) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    slot = np.int64(hashed & np.uint64(len(state.known) - 1))
    if state.known[slot] != mask:
        count, rest = 0, mask
        while rest:
            graph.trees.member[count] = _lowest(rest)
            rest &= rest - 1
            count += 1
        state.known[slot] = mask
        state.known_price[slot] = join_members(graph.trees, count)[0]
    return state.known_price[slot]


@helper
def _set_mask(graph, state, s, mask):
    if graph.is_flat:
        state.price[0] += 1 if mask & ~state.mask[s] else -1
    else:
        state.price[0] += _tree_price(graph, state, mask) - _tree_price(graph, state, state.mask[s])
    state.mask[s] = mask


@helper
def _add(graph, state, s, p, logged):
    """Make segment s present at p, where it is not; returns the new length of the log."""
    bit = np.int64(1) << p
    mask = state.mask
    for i in range(graph.first_neighbour[s], graph.first_neighbour[s + 1]):
        t = graph.neighbour[i]
        if mask[t] & bit:
            common = mask[s] & mask[t]
            if common == 0:
                state.sole[s, p] += 1
                state.sole[t, p] += 1
            elif common & (common - 1) == 0:
                q = _lowest(common)
                state.sole[s, q] -= 1
                state.sole[t, q] -= 1
            # Segments that do not meet at all, as for a moment they may not, count as far too.
            if _is_far(state, s, t, common) and not _is_far(state, s, t, bit):
                state.far[0] -= 1
    _set_mask(graph, state, s, mask[s] | bit)
    state.log[logged, 0], state.log[logged, 1], state.log[logged, 2] = s, p, 1
    return logged + 1


@helper
def _drop(graph, state, s, p, logged):
    """The opposite of `_add`."""
    bit = np.int64(1) << p
    mask = state.mask
    _set_mask(graph, state, s, mask[s] & ~bit)
    for i in range(graph.first_neighbour[s], graph.first_neighbour[s + 1]):
        t = graph.neighbour[i]
        if mask[t] & bit:
            common = mask[s] & mask[t]
            if common == 0:
                state.sole[s, p] -= 1
                state.sole[t, p] -= 1
            elif common & (common - 1) == 0:
                q = _lowest(common)
                state.sole[s, q] += 1
                state.sole[t, q] += 1
            if _is_far(state, s, t, common) and not _is_far(state, s, t, bit):
                state.far[0] += 1
    state.log[logged, 0], state.log[logged, 1], state.log[logged, 2] = s, p, -1
    return logged + 1


@helper
def _next_home(graph, state, s):
    """Home of the wire's next segment, or of s itself if it is the last."""
    is_last = s + 1 == graph.wire_segments[graph.wire_of[s] + 1]
    return state.home[s] if is_last else state.home[s + 1]


@helper
def _becomes_far(graph, state, s, p):
    """Number of gates of s that would be far without its presence at p."""
    bit = np.int64(1) << p
    rest = state.mask[s] & ~bit
    count = 0
    for i in range(graph.first_neighbour[s], graph.first_neighbour[s + 1]):
        t = graph.neighbour[i]
        if state.mask[t] & bit and not _is_far(state, s, t, bit):
            count += _is_far(state, s, t, rest & state.mask[t])
    return count


@helper
def _set_home(graph, state, s, node):
    """Give a segment a home and count anew which of its gates are far."""
    for sign in (-1, 1):
        if sign > 0:
            state.home[s] = node
        for i in range(graph.first_neighbour[s], graph.first_neighbour[s + 1]):
            t = graph.neighbour[i]
            if _is_far(state, s, t, state.mask[s] & state.mask[t]):
                state.far[0] += sign


@helper
def _saving(graph, state, s, p):
    """Pairs saved without the presence of s at p."""
    if graph.is_flat:
        return 1
    mask = state.mask[s]
    rest = mask & ~(np.int64(1) << p)
    return _tree_price(graph, state, mask) - _tree_price(graph, state, rest)


@helper
def _prune(graph, state, s, keep, logged):
    """Drop every presence of s that nothing needs, except at `keep`; the new length of the log."""
    rest = state.mask[s] & ~(np.int64(1) << state.home[s])
    rest &= ~(np.int64(1) << _next_home(graph, state, s))
    if keep >= 0:
        rest &= ~(np.int64(1) << keep)
    while rest:
        p = _lowest(rest)
        rest &= rest - 1
        if state.sole[s, p] == 0 and (
            graph.far_price == 0.0
            or graph.far_price * _becomes_far(graph, state, s, p) < _saving(graph, state, s, p)
        ):
            logged = _drop(graph, state, s, p, logged)
    return logged


@helper
def _prune_neighbours(graph, state, s, keep, logged):
    """Prune the segments that share a gate with s, beginning at a random one."""
    first = graph.first_neighbour[s]
    degree = graph.first_neighbour[s + 1] - first
    offset = draw(state.random, degree) if degree > 0 else 0
    for i in range(degree):
        t = graph.neighbour[first + (i + offset) % degree]
        if keep < 0 or (state.mask[t] >> keep) & 1:
            logged = _prune(graph, state, t, keep, logged)
    return logged


@helper
def _random_neighbour(graph, state, s):
    first = graph.first_neighbour[s]
    return graph.neighbour[first + draw(state.random, graph.first_neighbour[s + 1] - first)]


@helper
def _propose_presence(graph, state):
    """A segment, sometimes with a neighbour, becomes present at one more node.

    Returns (length of the log, work).
    """
    s = draw(state.random, len(state.mask))
    degree = graph.first_neighbour[s + 1] - graph.first_neighbour[s]
    if degree == 0:
        return 0, 1
    if draw(state.random, 3) == 0:
        p = draw(state.random, state.sole.shape[1])
    else:  # where a neighbour is present
        mask = state.mask[_random_neighbour(graph, state, s)]
        for _ in range(draw(state.random, _count(mask))):
            mask &= mask - 1
        p = _lowest(mask)
    logged = 0
    if not (state.mask[s] >> p) & 1:
        logged = _add(graph, state, s, p, logged)
    if draw(state.random, 4) == 0:
        t = _random_neighbour(graph, state, s)
        if not (state.mask[t] >> p) & 1:
            logged = _add(graph, state, t, p, logged)
        logged = _prune(graph, state, t, p, logged)
    if logged == 0:
        return 0, 1
    if draw(state.random, 2):
        logged = _prune(graph, state, s, p, logged)
    logged = _prune_neighbours(graph, state, s, p, logged)
    logged = _prune(graph, state, s, p, logged)
    return logged, 4 + 2 * degree


@helper
def _stop(graph, segment):
    """End of the segments of a segment's wire."""
    return graph.wire_segments[graph.wire_of[segment] + 1]


@helper
def _end(graph, state, s):
    """Layer until which (exclusive) the home of s counts."""
    return graph.layers if s + 1 == _stop(graph, s) else state.start[s + 1]


@helper
def _window(graph, state, s, stop):
    """First and last layer from which the home of s can count if only segments from s on move.

    Where it is another home than the one before, the moment stays. For the end `stop` of the wire's
    segments: the end of all layers.
    """
    if s == stop:
        return graph.layers, graph.layers
    if graph.latest[s] > 0 and state.home[s - 1] == state.home[s]:
        return graph.earliest[s], graph.latest[s]
    return state.start[s], state.start[s]


@helper
def _distance(graph, state, s, stop, low, high):
    """Layers between the window of s and that from `low` to `high`, 0 if they meet."""
    first, last = _window(graph, state, s, stop)
    return max(0, first - high, low - last)


@helper
def _first_from(graph, state, wire, low, high):
    """The segment of `wire` whose window is nearest to that from `low` to `high`."""
    first, stop = graph.wire_segments[wire], graph.wire_segments[wire + 1]
    left, right = first, stop
    while left < right:
        middle = (left + right) // 2
        if graph.latest[middle] >= low:
            right = middle
        else:
            left = middle + 1
    if left == stop:
        return left - 1
    distance = _distance(graph, state, left, stop, low, high)
    if left > first and distance > _distance(graph, state, left - 1, stop, low, high):
        left -= 1
    return left


@helper
def _run_at(graph, state, first, node, low, high):
    """End of the run of segments from `first` on that live at `node`, nearest to a window."""
    s = first
    stop = _stop(graph, first)
    while s < stop and state.home[s] == node:
        after = _window(graph, state, s + 1, stop)[0]
        if after > high and after - high >= _distance(graph, state, s, stop, low, high):
            break
        s += 1
    return s


@helper
def _counterpart(graph, state, first, last, node):
    """A run of another wire that lives at `node` at about the time of segments first .. last-1.

    Returns (first, last) of that run; equal if none was found in a few tries.
    """
    stop = _stop(graph, first)
    low, high = _window(graph, state, first, stop)
    low_end, high_end = _window(graph, state, last, stop)
    for _ in range(8):
        wire = draw(state.random, len(graph.wire_segments) - 1)
        if wire == graph.wire_of[first]:
            continue
        begin = _first_from(graph, state, wire, low, high)
        if state.home[begin] == node:
            end = _run_at(graph, state, begin, node, low_end, high_end)
            if end > begin:
                return begin, end
    return 0, 0


@helper
def _meet(graph, state, s, stop, t, other_stop):
    """Layers from which segments of two wires count: the same one if their windows meet.

    Each comes with the end of its wire's segments, which it may be itself.
    """
    low, high = _window(graph, state, s, stop)
    other_low, other_high = _window(graph, state, t, other_stop)
    if other_high < low:
        return low, other_high
    if high < other_low:
        return high, other_low
    low, high = max(low, other_low), min(high, other_high)
    kind = draw(state.random, 3) if low < high else 0
    layer = high
    if kind == 1:
        layer = low
    elif kind == 2:
        layer = low + draw(state.random, high - low + 1)
    return layer, layer


@helper
def _shift_load(graph, state, begin, end, source, target):
    """Move a wire from source to target in the load; returns the change of the excess."""
    excess = 0
    load, capacity = state.load, graph.capacity
    for layer in range(begin, end):
        if load[layer, source] > capacity[source]:
            excess -= 1
        load[layer, source] -= 1
        if load[layer, target] >= capacity[target]:
            excess += 1
        load[layer, target] += 1
    return excess


@helper
def _retime(graph, state, s):
    """Let a wire change to the home of s at the moment that is best; the change of the excess.

    Of equally good ones it is the latest, but the moment stays if none is better.
    """
    load, capacity, start = state.load, graph.capacity, state.start[s]
    before, after = state.home[s - 1], state.home[s]
    value, now, best, best_at = 0, 0, 0, graph.latest[s]
    for layer in range(graph.latest[s] - 1, graph.earliest[s] - 1, -1):
        # What it takes to be in this layer at the new home instead of the old one.
        is_after = layer >= start
        others, others_before = load[layer, after], load[layer, before]
        if is_after:
            others -= 1
        else:
            others_before -= 1
        if others >= capacity[after]:
            value += 1
        if others_before >= capacity[before]:
            value -= 1
        if layer == start:
            now = value
        if value < best:
            best, best_at = value, layer
    if best >= now:
        return 0
    state.start[s] = best_at
    if best_at < start:
        return _shift_load(graph, state, best_at, start, before, after)
    return _shift_load(graph, state, start, best_at, after, before)


@helper
def _set_moments(graph, state, first, last, begin, end):
    """Remember when a run begins and ends."""
    state.start[first] = begin
    if last < _stop(graph, first):
        state.start[last] = end


@helper
def _changing(graph, state):
    """A segment whose wire comes from another home at a moment that may differ; -1 if not found."""
    for _ in range(8):
        s = draw(state.random, len(state.home))
        if graph.earliest[s] < graph.latest[s] and state.home[s - 1] != state.home[s]:
            return s
    return -1


@helper
def _over_full(graph, state):
    """A stretch of layers in which a node takes too many: (begin, end, node, layers looked at)."""
    load, capacity, layers = state.load, graph.capacity, graph.layers
    offset = draw(state.random, layers)
    for i in range(layers):
        begin = (offset + i) % layers
        for node in range(len(capacity)):
            if load[begin, node] > capacity[node]:
                end = begin + 1
                while begin > 0 and load[begin - 1, node] > capacity[node]:
                    begin -= 1
                while end < layers and load[end, node] > capacity[node]:
                    end += 1
                return begin, end, node, i + 1
    return 0, 0, -1, layers


@helper
def _occupant(graph, state, node, begin, end):
    """A run of segments that lives at `node` from `begin` to `end`, as short as possible.

    Returns (first, last) of that run; equal if none was found in a few tries.
    """
    for _ in range(8):
        wire = draw(state.random, len(graph.wire_segments) - 1)
        s, stop = graph.wire_segments[wire], graph.wire_segments[wire + 1]
        right = stop
        while right - s > 1:
            middle = (s + right) // 2
            if graph.earliest[middle] <= begin:
                s = middle
            else:
                right = middle
        if _window(graph, state, s, stop)[0] > begin:
            s -= 1
        if state.home[s] != node:
            continue
        last = s + 1
        while last < stop and state.home[last] == node:
            if _window(graph, state, last, stop)[1] >= end:
                break
            last += 1
        return s, last
    return 0, 0


@helper
def _node_with_room(graph, state, layer):
    """A node that could take one more wire in a layer; -1 if there is none."""
    nodes = len(graph.capacity)
    offset = draw(state.random, nodes)
    for i in range(nodes):
        node = (offset + i) % nodes
        if state.load[layer, node] < graph.capacity[node]:
            return node
    return -1


@helper
def _rehome(graph, state, first, last, target, logged):
    """Give a run a new home, with the presences that this takes; the new length of the log."""
    is_first = first == graph.wire_segments[graph.wire_of[first]]
    if not is_first and not (state.mask[first - 1] >> target) & 1:
        logged = _add(graph, state, first - 1, target, logged)
    for s in range(first, last):
        if not (state.mask[s] >> target) & 1:
            logged = _add(graph, state, s, target, logged)
        _set_home(graph, state, s, target)
    return logged


@helper
def _prune_run(graph, state, first, last, logged):
    """Prune a run, the segment before it and all its neighbours; returns (logged, work)."""
    work = last - first
    if first > graph.wire_segments[graph.wire_of[first]]:
        logged = _prune(graph, state, first - 1, -1, logged)
    for s in range(first, last):
        logged = _prune(graph, state, s, -1, logged)
    for s in range(first, last):
        logged = _prune_neighbours(graph, state, s, -1, logged)
        logged = _prune(graph, state, s, -1, logged)
        work += 3 * (graph.first_neighbour[s + 1] - graph.first_neighbour[s])
    return logged, work


@helper
def _random_run(graph, state, is_static):
    """A run of segments of one wire with one home: all of them, a tail, or a few."""
    wire = draw(state.random, len(graph.wire_segments) - 1)
    low, high = graph.wire_segments[wire], graph.wire_segments[wire + 1]
    if is_static:
        return low, high
    kind = draw(state.random, 4)
    first = low if kind == 0 else low + draw(state.random, high - low)
    last = high
    if kind == 2:
        last = min(high, first + 1 + draw(state.random, 4))
    elif kind == 3:
        last = min(high, first + 1 + draw(state.random, max(1, (high - low) // 2)))
    end = first + 1
    while end < last and state.home[end] == state.home[first]:
        end += 1
    return first, end


@helper
def _undo(graph, state, logged):
    """Take back all logged changes of presences."""
    for i in range(logged - 1, -1, -1):
        if state.log[i, 2] > 0:
            _drop(graph, state, state.log[i, 0], state.log[i, 1], i)
        else:
            _add(graph, state, state.log[i, 0], state.log[i, 1], i)


@helper
def _settle(graph, state):
    """Count from the masks and homes what the state says; the excess over the capacities."""
    state.sole[:] = 0
    state.load[:] = 0
    state.far[0] = 0
    state.price[0] = 0
    excess = 0
    for s in range(len(state.mask)):
        state.price[0] += _tree_price(graph, state, state.mask[s])
        for i in range(graph.first_neighbour[s], graph.first_neighbour[s + 1]):
            common = state.mask[s] & state.mask[graph.neighbour[i]]
            if common & (common - 1) == 0:
                state.sole[s, _lowest(common)] += 1
            if s < graph.neighbour[i] and _is_far(state, s, graph.neighbour[i], common):
                state.far[0] += 1
        for layer in range(state.start[s], _end(graph, state, s)):
            state.load[layer, state.home[s]] += 1
    for layer in range(state.load.shape[0]):
        for p in range(len(graph.capacity)):
            excess += max(0, state.load[layer, p] - graph.capacity[p])
    return excess


@helper
def _way_out(graph, state, fit, node, layer):
    """Let wires that may move in this layer do so, one into the place of the next.

    The shortest chain from an over-full node to one with room is taken; False if there is none.
    """
    nodes, wires = len(graph.capacity), len(fit.now)
    fit.mover[:] = -1
    fit.queue[0] = node
    head, tail, found = 0, 1, -1
    while head < tail and found < 0:
        here = fit.queue[head]
        head += 1
        for wire in range(wires):
            s = fit.now[wire]
            if state.home[s] != here or s + 1 == graph.wire_segments[wire + 1]:
                continue
            target = state.home[s + 1]
            if graph.earliest[s + 1] > layer or target == node or fit.mover[target] >= 0:
                continue
            fit.mover[target] = wire
            if fit.roots[target] < graph.capacity[target]:
                found = target
                break
            fit.queue[tail] = target
            tail += 1
    if found < 0:
        return False
    fit.roots[node] -= 1
    fit.roots[found] += 1
    for _ in range(nodes):
        wire = fit.mover[found]
        s = fit.now[wire]
        found = state.home[s]
        fit.now[wire] = s + 1
        state.start[s + 1] = layer
        if found == node:
            break
    return True


@helper
def _fit(graph, state, fit):
    """Fill `start`: every wire moves as late as it can without a node taking too many."""
    copy_into(state.start, graph.latest)
    fit.roots[:] = 0
    for wire in range(len(fit.now)):
        fit.now[wire] = graph.wire_segments[wire]
        fit.roots[state.home[fit.now[wire]]] += 1
    place = 0
    while place < len(fit.order):
        layer = graph.latest[fit.order[place]]
        while place < len(fit.order) and graph.latest[fit.order[place]] == layer:
            s = fit.order[place]
            place += 1
            if s > fit.now[graph.wire_of[s]]:
                fit.roots[state.home[s - 1]] -= 1
                fit.roots[state.home[s]] += 1
                fit.now[graph.wire_of[s]] = s
        for node in range(len(graph.capacity)):
            while fit.roots[node] > graph.capacity[node]:
                if not _way_out(graph, state, fit, node, layer):
                    break


_ROW, _TABLE = "int64[::1]", "int64[:,::1]"


@kernel(
    signature(
        "int64",
        record(Graph, *[_ROW] * 6, "int64", _ROW, "float64", "boolean", TREES),
        record(State, *[_ROW] * 3, _TABLE, _TABLE, *[_ROW] * 4, _TABLE, "uint64[::1]"),
        record(Fit, *[_ROW] * 5),
        _ROW,
        _ROW,
        _ROW,
        "boolean",
        "int64",
        "float64",
        "float64",
        "float64",
    )
)
def anneal(
    graph, state, fit, best_mask, best_home, best_start, is_static, budget, hot, cold, excess_price
):  # fmt: skip
    """Search from `state`; the price of what ends up in the arrays best_..., -1 if nothing."""
    _fit(graph, state, fit)
    excess = _settle(graph, state)
    nodes, capacity = len(graph.capacity), graph.capacity
    copy_into(best_mask, state.mask)
    copy_into(best_home, state.home)
    copy_into(best_start, state.start)
    best = state.price[0] if excess == 0 else -1
    best_value = state.price[0] + graph.far_price * state.far[0]
    temperature, over_price = hot, excess_price
    work, until_cooling = 0, 0
    while work < budget:
        if until_cooling == 0:
            temperature = hot * (cold / hot) ** (work / budget)
            over_price = excess_price * (1.0 + 2.0 * work / budget)
            until_cooling = 256
        until_cooling -= 1
        first, last, other_first, other_last, source, target = 0, 0, 0, 0, 0, 0
        begin, end, other_begin, other_end, stop, other_stop = 0, 0, 0, 0, 0, 0
        over, far, price = 0, state.far[0], state.price[0]
        kind = draw(state.random, 100)
        if excess > 0 and kind >= _RETIME_FROM:
            work += 8
            s = _changing(graph, state)
            if s < 0:
                continue
            work += (graph.latest[s] - graph.earliest[s]) // 4
            over = _retime(graph, state, s)
            if over == 0:
                continue
            logged = 0
        elif kind < 60:
            logged, step = _propose_presence(graph, state)
            work += step
            if logged == 0:
                continue
        else:
            work += 8
            if excess > 0 and kind >= _RELIEVE_FROM and not is_static:
                over_begin, over_end, source, looked_at = _over_full(graph, state)
                work += looked_at * nodes // 16
                target = _node_with_room(graph, state, over_begin)
                first, last = _occupant(graph, state, source, over_begin, over_end)
                if target < 0 or last == first:
                    continue
                stop = _stop(graph, first)
                begin = min(over_begin, _window(graph, state, first, stop)[1])
                low, high = _window(graph, state, last, stop)
                end = min(max(over_end, low), high)
            else:
                first, last = _random_run(graph, state, is_static)
                source = state.home[first]
                if draw(state.random, 3) == 0:
                    target = draw(state.random, nodes)
                else:  # where a neighbour lives
                    s = first + draw(state.random, last - first)
                    if graph.first_neighbour[s] == graph.first_neighbour[s + 1]:
                        continue
                    target = state.home[_random_neighbour(graph, state, s)]
                if target == source:
                    continue
                # As short a stay as possible, unless there is something to take the place of.
                stop = _stop(graph, first)
                begin = _window(graph, state, first, stop)[1]
                end = _window(graph, state, last, stop)[0]
                is_full = False
                for layer in range(begin, end):
                    if state.load[layer, target] >= capacity[target]:
                        is_full = True
                        break
                if is_full and draw(state.random, 10) < 9:
                    other_first, other_last = _counterpart(graph, state, first, last, target)
                if other_last > other_first:
                    other_stop = _stop(graph, other_first)
                    begin, other_begin = _meet(graph, state, first, stop, other_first, other_stop)
                    end, other_end = _meet(graph, state, last, stop, other_last, other_stop)
                    over += _shift_load(graph, state, other_begin, other_end, target, source)
            over += _shift_load(graph, state, begin, end, source, target)
            work += (end - begin) // 4
            logged = _rehome(graph, state, first, last, target, 0)
            if other_last > other_first:
                logged = _rehome(graph, state, other_first, other_last, source, logged)
            logged, cost = _prune_run(graph, state, first, last, logged)
            work += cost
            if other_last > other_first:
                logged, cost = _prune_run(graph, state, other_first, other_last, logged)
                work += cost
        delta = state.price[0] - price
        delta += over_price * over + graph.far_price * (state.far[0] - far)
        if delta <= 0 or np.exp(-delta / temperature) * 1048576.0 > draw(state.random, 1048576):
            excess += over
            if last > first:
                _set_moments(graph, state, first, last, begin, end)
            if other_last > other_first:
                _set_moments(graph, state, other_first, other_last, other_begin, other_end)
            value = state.price[0] + graph.far_price * state.far[0]
            if excess == 0 and (value < best_value - 1e-9 or best < 0):
                best, best_value = state.price[0], value
                copy_into(best_mask, state.mask)
                copy_into(best_home, state.home)
                copy_into(best_start, state.start)
            continue
        for s in range(first, last):
            state.home[s] = source
        for s in range(other_first, other_last):
            state.home[s] = target
        _undo(graph, state, logged)
        state.far[0] = far
        state.price[0] = price
        if last > first:
            _shift_load(graph, state, begin, end, target, source)
        if other_last > other_first:
            _shift_load(graph, state, other_begin, other_end, source, target)
    return best


def search_presences(
    neighbour, first_neighbour, wire_segments, wire_of, earliest, latest, layers, capacity, mask,
    home, distance, may_branch, is_static, budget, hot, cold, excess_price, far_price, seed,
):  # fmt: skip
    """Best (mask, home, start (s,), price) seen within the capacities; price -1 if none was.

    `start` is the layer from which each home counts. The price is in pairs; what is best is judged
    with the far gates.

    Args:
        neighbour: (2 e,) the segments that share a gate with each segment, one after the other.
        first_neighbour: (s + 1,) where the neighbours of each segment start.
        wire_segments: (w + 1,) segments of wire i are wire_segments[i]:wire_segments[i+1].
        wire_of: (s,) wire of each segment.
        earliest: (s,) first layer from which the segment's home may count.
        latest: (s,) the last such layer; both 0 for first segments, and only for them. Along a
            wire no segment has an `earliest` before the `latest` of the one before.
        layers: number of layers, more than any of these.
        capacity: (k,) data qubits of each node; k <= 64.
        mask: (s,) initial presences, valid.
        home: (s,) initial homes.
        distance: (k, k) pairs between two nodes.
        may_branch: (k,) nodes that copies may pass, see `steiner`.
        is_static: whether only whole wires may change their home.
        budget: work to do, in presences and neighbours looked at.
        hot: first temperature, in e-bits.
        cold: last temperature; lowered geometrically with the work done.
        excess_price: e-bits per wire and layer above a node's capacity at first; it grows to the
            threefold, because a search that is cold but over-full ends with nothing.
        far_price: e-bits per gate (pair of segments) that is executed at a third node.
        seed: any number but 0, where the generator would stay.

    Source: simulated annealing (Kirkpatrick, Gelatt, Vecchi, Science 220, 671 (1983)) over the
    presence model of distributed circuits; state and moves are our own.
    """
    graph = Graph(
        neighbour, first_neighbour, wire_segments, wire_of, earliest, latest, layers, capacity,
        far_price, bool((distance <= 1).all()), scratch(distance, may_branch),
    )  # fmt: skip
    segments, nodes = len(mask), len(capacity)
    state = State(
        mask.copy(),
        home.copy(),
        np.empty(segments, np.int64),
        np.empty((segments, nodes), np.int64),
        np.empty((layers, nodes), np.int64),
        np.empty(1, np.int64),
        np.zeros(_KNOWN, np.int64),
        np.empty(_KNOWN, np.int64),
        np.empty(1, np.int64),
        np.empty((segments * (nodes + 4) + 16, 3), np.int64),
        np.array([seed], np.uint64),
    )
    fit = Fit(
        np.argsort(latest, kind="stable"),
        np.empty(len(wire_segments) - 1, np.int64),
        *(np.empty(nodes, np.int64) for _ in range(3)),
    )
    best = tuple(np.empty(segments, np.int64) for _ in range(3))
    price = anneal(graph, state, fit, *best, is_static, budget, hot, cold, excess_price)
    return *best, price
