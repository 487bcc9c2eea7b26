"""Network files: what is read, what is written, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import tempfile
import tomllib
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dqc_compiler import ir
from dqc_compiler.diagnostics import CompilerError
from dqc_compiler.formats.network_check import EXPECTED
from dqc_compiler.formats.network_file import Network, check_fit, network_json, network_toml
from dqc_compiler.formats.network_model import LinkEntry, NetworkFile, NodeEntry
from dqc_compiler.formats.places import find_places
from dqc_compiler.formats.schema import schema_text

EXAMPLES = Path(__file__).parents[1] / "examples"
ERRORS = Path(__file__).parent / "errors" / "network"

SMALL = """\
schema = 1
[node.a]
data_qubits = 3
comm_qubits = 1
[node.b]
data_qubits = 2
comm_qubits = "unlimited"
[[link]]
between = ["b", "a"]
"""


def codes(text: str, *, file: str = "net.toml") -> list[str]:
    with pytest.raises(CompilerError) as caught:
        Network.parse(text, file=file)
    assert caught.value.exit_code == 2
    return [diagnostic.code for diagnostic in caught.value.diagnostics]


def test_values_and_defaults_reach_the_ir() -> None:
    network = Network.parse(SMALL, file="net.toml")
    assert network.nodes == (
        ir.Node(name="a", data_qubits=3, comm_qubits=1),
        ir.Node(name="b", data_qubits=2, comm_qubits=None),
    )
    assert network.links == (ir.Link(between=(1, 0)),)
    network.verify()


def test_every_key_of_the_schema_ends_up_in_the_ir() -> None:
    text = """
        schema = 1
        [node.a]
        kind = "qpu"
        data_qubits = 1
        comm_qubits = 2
        coupling = "all-to-all"
        gate_1q_ns = 3
        gate_2q_ns = 4.0
        measure_ns = 5
        t2_us = 6
        [node.r]
        kind = "repeater"
        comm_qubits = 7
        [[link]]
        between = ["a", "r"]
        attempt_ns = 8
        success_probability = 0.9
        fidelity = 0.8
        channels = 10
        latency_ns = 11
        cutoff_us = 12
    """
    network = Network.parse(text, file="net.toml")
    assert network.nodes[0] == ir.Node(
        name="a", data_qubits=1, comm_qubits=2, gate_1q_ns=3, gate_2q_ns=4, measure_ns=5, t2_us=6
    )
    assert network.nodes[1] == ir.Node(name="r", kind="repeater", data_qubits=0, comm_qubits=7)
    assert network.links[0] == ir.Link(
        between=(0, 1),
        attempt_ns=8,
        success_probability=0.9,
        fidelity=0.8,
        channels=10,
        latency_ns=11,
        cutoff_us=12,
    )
    ir_keys = {f.name for kind in (ir.Node, ir.Link) for f in dataclasses.fields(kind)}
    file_keys = {*NodeEntry.model_fields, *LinkEntry.model_fields}
    # A node's name is its table; all-to-all is the only coupling that the IR can express.
    assert file_keys - {"coupling"} == ir_keys - {"name"}
    assert file_keys - {"coupling"} <= set(EXPECTED)


def test_json_has_the_same_keys() -> None:
    as_json = json.dumps(tomllib.loads(SMALL))
    assert Network.parse(as_json, file="net.json") == Network.parse(SMALL, file="net.toml")
    assert Network.parse(as_json, file="-") == Network.parse(SMALL, file="-")


@pytest.mark.parametrize("name", ["two_nodes.toml", "four_nodes.toml"])
def test_examples_are_valid_and_hold_sixteen_qubits(name: str) -> None:
    network = Network.read(EXAMPLES / name)
    assert network.is_all_to_all
    check_fit(16, network)
    raw = tomllib.loads((EXAMPLES / name).read_text())
    jsonschema.validate(raw, json.loads(schema_text("network")))


names = st.from_regex(r"[a-z][a-z0-9]{0,6}(_[a-su-z0-9]{1,3})?", fullmatch=True)
times = st.floats(min_value=0, max_value=1e15)
positive = st.floats(min_value=1e-300, max_value=1e12)


def nodes(most_qubits: int) -> st.SearchStrategy[ir.Node]:
    of_all = {
        "name": st.just(""),
        "comm_qubits": st.none() | st.integers(2, most_qubits),
        **dict.fromkeys(("gate_1q_ns", "gate_2q_ns", "measure_ns"), times),
        "t2_us": positive,
    }
    qpus = st.builds(ir.Node, data_qubits=st.integers(0, most_qubits), **of_all)
    repeaters = st.builds(ir.Node, kind=st.just("repeater"), data_qubits=st.just(0), **of_all)
    return qpus | repeaters


@st.composite
def networks(draw: st.DrawFn, most_qubits: int = 1_000_000) -> Network:
    chosen = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    members = tuple(dataclasses.replace(draw(nodes(most_qubits)), name=name) for name in chosen)

    def cutoff_us(attempt_ns: float) -> float | None:
        return draw(st.none() | st.floats(min_value=max(attempt_ns / 999, 1e-300), max_value=1e12))

    links = tuple(
        ir.Link(
            between=draw(st.permutations([i, i + 1]).map(tuple)),
            attempt_ns=(attempt_ns := draw(positive)),
            success_probability=draw(st.floats(min_value=1e-12, max_value=1)),
            fidelity=draw(st.floats(min_value=0.5, max_value=1, exclude_min=True)),
            channels=draw(st.integers(1, 99)),
            latency_ns=draw(times),
            cutoff_us=cutoff_us(attempt_ns),
        )
        for i in range(len(members) - 1)
    )
    return Network(members, links)


@settings(max_examples=60, deadline=None)
@given(network=networks())
def test_written_text_reads_back_exactly(network: Network) -> None:
    assert Network.parse(network_toml(network), file="net.toml") == network
    assert Network.parse(network_json(network), file="net.json") == network
    jsonschema.validate(json.loads(network_json(network)), json.loads(schema_text("network")))
    with tempfile.TemporaryDirectory() as directory:
        for name in ("net.toml", "net.json", "net"):
            network.write(Path(directory) / name)
            assert Network.read(Path(directory) / name) == network


@pytest.mark.parametrize("name", ["net.toml", "net.json"])
def test_files_round_trip_with_all_defaults_filled_in(tmp_path: Path, name: str) -> None:
    network = Network.parse(SMALL, file="net.toml")
    network.write(tmp_path / name)
    assert Network.read(tmp_path / name) == network
    text = (tmp_path / name).read_text()
    missing = [key for key in EXPECTED if key not in text]
    assert missing == (["cutoff_us"] if name == "net.toml" else [])


def test_all_to_all() -> None:
    network = Network.all_to_all(nodes=4, data_qubits=5, comm_qubits=None)
    assert [node.name for node in network.nodes] == ["n0", "n1", "n2", "n3"]
    assert network.is_all_to_all
    assert len(network.links) == 6
    assert network.data_qubits == 20
    assert Network.parse(network_toml(network), file="x.toml") == network
    assert Network.all_to_all(nodes=1, data_qubits=5, comm_qubits=0).links == ()


@pytest.mark.parametrize(
    ("nodes", "data", "comm"),
    [(0, 1, 1), (-3, 1, 1), (1001, 1, 1), (2, -1, 1), (2, 1, -1), (2, 1, 0), (2, 10**7, 1)],
)
def test_all_to_all_refuses_sizes_that_make_no_network(nodes: int, data: int, comm: int) -> None:
    with pytest.raises(CompilerError) as caught:
        Network.all_to_all(nodes=nodes, data_qubits=data, comm_qubits=comm)
    assert [d.code for d in caught.value.diagnostics] == ["DQC503"]


def test_fit() -> None:
    network = Network.parse(SMALL, file="net.toml")
    check_fit(5, network)
    with pytest.raises(CompilerError) as caught:
        check_fit(6, network)
    assert caught.value.exit_code == 1
    message = str(caught.value)
    assert "6 qubits" in message
    assert "5 data qubits (a 3, b 2)" in message
    assert "1 more" in message


def test_fit_of_a_large_network_stays_readable() -> None:
    network = Network.all_to_all(nodes=40, data_qubits=1, comm_qubits=1)
    with pytest.raises(CompilerError) as caught:
        check_fit(100, network)
    assert "33 more nodes" in str(caught.value)


def test_missing_file_directory_and_unwritable_target(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.toml", tmp_path):
        with pytest.raises(CompilerError) as caught:
            Network.read(path)
        assert caught.value.diagnostics[0].code == "DQC201"
    network = Network.parse(SMALL, file="net.toml")
    with pytest.raises(CompilerError) as caught:
        network.write(tmp_path / "no" / "such" / "place.toml")
    assert (caught.value.exit_code, caught.value.diagnostics[0].code) == (74, "DQC511")


def test_all_problems_come_in_one_go_and_in_order_of_lines() -> None:
    text = SMALL.replace("comm_qubits = 1", "com_qubits = 1").replace('"b", "a"', '"b", "x"')
    text = text.replace("data_qubits = 2", "data_qubits = -2")
    assert codes(text) == ["DQC206", "DQC205", "DQC215", "DQC207", "DQC212"]


@pytest.mark.parametrize(
    ("links", "found"),
    [
        ("a-x1", ["DQC212", "DQC215"]),  # carol has no link, whatever x1 is
        ("a-x1 x1-carol", ["DQC212", "DQC212"]),  # the table of x1 may be all that is missing
        ("a-x1 x2-carol", ["DQC212", "DQC212", "DQC215"]),
        ("a-karol", ["DQC212"]),  # who is probably carol
        ("a-b b-b", ["DQC213", "DQC214", "DQC215"]),
        ("a", ["DQC207"]),  # no two names: nobody knows
    ],
)
def test_nodes_without_a_link_are_listed_beside_broken_links(links: str, found: list[str]) -> None:
    names = ("a", "b", "carol")
    nodes = "\n".join(f"node.{name} = {{ data_qubits = 1, comm_qubits = 1 }}" for name in names)
    ends = [link.split("-") for link in ["a-b", *links.split()]]
    tables = "\n".join(f"[[link]]\nbetween = {json.dumps(pair)}" for pair in ends)
    assert sorted(codes(f"schema = 1\n{nodes}\n{tables}")) == found


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 5000 + "]" * 5000,
        '{"x": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "schema = " + "9" * 5000,
        "schema = 0x" + "f" * 5000,
        "schema = 1\nnode.a = { data_qubits = 1, comm_qubits = 0, t2_us = 1e999 }",
        "schema = 1\nnode.a = { data_qubits = 1, comm_qubits = 0, t2_us = 0x" + "f" * 999 + " }",
        "schema = 1\nnode.a = { data_qubits = 1979-05-27, comm_qubits = 07:32:00 }",
        "schema = 1\n[[node.a]]\ndata_qubits = 1",
        "schema = 1\n[link]\nbetween = ['a', 'b']\n[node.a]\ndata_qubits = 1\ncomm_qubits = 1",
        '{"schema": 1, "node": {"\\ud800": {"data_qubits": 1, "comm_qubits": 1}}}',
        '{"schema": 1, "node": null, "link": null}',
        '{"schema": [1], "node": {}}',
        "null",
        "{}",
        "[[[]]]",
        "}",
    ],
    ids=range(16),
)
def test_strange_texts_are_refused_with_a_diagnostic(text: str) -> None:
    for file in ("net.toml", "net.json"):
        found = codes(text, file=file)
        assert all(code.startswith("DQC2") for code in found)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damaged_files_never_fail_without_a_diagnostic(data: st.DataObject) -> None:
    sources = [SMALL, network_json(Network.parse(SMALL, file="net.toml"))]
    text = data.draw(st.sampled_from(sources))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 6)))
        inserted = data.draw(st.text(alphabet="[]{}=,:.\"#\n -e_12abz\\'", max_size=4))
        text = text[:start] + inserted + text[end:]
    try:
        network = Network.parse(text, file="damaged")
    except CompilerError as error:
        shown, exit_code = str(error), error.exit_code
    else:
        network.verify()
        shown, exit_code = network_toml(network), 2
        assert Network.parse(shown, file="again") == network
    assert (bool(shown), exit_code) == (True, 2)


def test_places_of_keys_in_every_spelling() -> None:
    text = (
        "schema = 1 # [node.x]\n"
        'note = """\n[node.fake]\n"""\n'
        "[ node . a ]\n"
        "data_qubits=1\n"
        'node."b c".comm = 2\n'
        "[[link]]\n"
        "between = [\n  'a', # first\n  'b',\n]\n"
        "[[link]]\n"
        "[link.sub]\n"
        "key = { x = [1, {y = 2}] }\n"
    )
    places = find_places(text)
    assert places.keys["schema",] == (1, 1, 6)
    assert places.keys["node", "a"][0] == 5
    assert ("node", "fake") not in places.keys
    assert places.values["node", "a", "data_qubits"] == (6, 13, 1)
    assert places.values["node", "a", "node", "b c", "comm"] == (7, 19, 1)
    assert places.values["link", 0, "between", 1] == (11, 3, 3)
    assert places.keys["link", 1][0] == 13
    assert places.values["link", 1, "sub", "key", "x", 1, "y"] == (15, 22, 1)
    assert places.key(("link", 1, "sub", "other")) == places.keys["link", 1, "sub"]
    assert places.key(("nothing",)) is None


def test_schema_and_reader_agree_on_the_error_corpus() -> None:
    """What the schema refuses the reader refuses; a network's own rules are the reader's alone."""
    schema = json.loads(schema_text("network"))
    checked = 0
    for path in sorted(ERRORS.glob("*.toml")):
        try:
            raw = tomllib.loads(path.read_text())
        except ValueError:
            continue
        refused = not jsonschema.Draft202012Validator(schema).is_valid(raw)
        try:
            NetworkFile.model_validate(raw)
            shaped = True
        except ValueError:
            shaped = False
        assert refused or shaped
        checked += 1
    assert checked > 10
