"""Gates of the vocabulary that stdgates.inc lacks, as each file that uses them defines them."""

from __future__ import annotations

GATE_DEFINITIONS: dict[str, str] = {
    # A stand-in body: readers that know the dialect treat the gate as opaque. It must not be empty,
    # because optimisers drop gates without effect.
    "dqc_epr": "gate dqc_epr(link, pair) q { h q; }",
    "sxdg": "gate sxdg q { s q; h q; s q; }",
    "rxx": "gate rxx(t) a, b { h a; h b; cx a, b; rz(t) b; cx a, b; h b; h a; }",
    "ryy": (
        "gate ryy(t) a, b { rx(pi/2) a; rx(pi/2) b; cx a, b; rz(t) b; cx a, b; "
        "rx(-pi/2) b; rx(-pi/2) a; }"
    ),
    "rzz": "gate rzz(t) a, b { cx a, b; rz(t) b; cx a, b; }",
    "rzx": "gate rzx(t) a, b { h b; cx a, b; rz(t) b; cx a, b; h b; }",
    "rzy": "gate rzy(t) a, b { rx(pi/2) b; cx a, b; rz(t) b; cx a, b; rx(-pi/2) b; }",
}
"""Definition of each gate, one line of OpenQASM 3, equal to the gate up to global phase."""
