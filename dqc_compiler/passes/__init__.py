"""The passes, in the order in which they run."""

PASSES = {
    "regroup": "write ladders anew, node by node, for homes that make the best of that",
    "fuse": "make one two-qubit gate of two where that saves pairs",
    "segment": "cut every qubit's life into runs of gates that share one axis",
    "place": "choose a home for every segment and a host for every gate",
    "plan-visits": "put operations, copies and moves in one order that fits the memory",
    "spread-routes": "send pairs over links that are less busy",
    "join-visits": "let copies live on through embedded segments",
    "cut-visits": "close copies before they get too old, and open them again",
    "purify": "choose the pairs that are purified",
    "insert-gadgets": "write the statements of all nodes",
    "schedule": "give every statement its planned time",
}
"""What each pass of a compilation does, by name; a compilation leaves out those it has no use for.

`place` is made of others, which `portfolio` puts together.
"""
