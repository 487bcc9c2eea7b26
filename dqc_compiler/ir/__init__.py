"""Frozen data types that the passes hand to each other. No algorithm, no Qiskit."""

from dqc_compiler.ir.angles import Angle, Parameter
from dqc_compiler.ir.bound import Bound
from dqc_compiler.ir.circuit import ABSENT, Circuit, Operation
from dqc_compiler.ir.fidelity import Fidelity
from dqc_compiler.ir.network import Link, Network, Node
from dqc_compiler.ir.placement import Placement
from dqc_compiler.ir.plan import RemotePlan, Step, StepKind
from dqc_compiler.ir.program import DistributedProgram, GadgetKind, Register, Statement
from dqc_compiler.ir.routes import Route, Routing
from dqc_compiler.ir.schedule import Makespan, Schedule, Violations
from dqc_compiler.ir.segments import SegmentGraph

__all__ = [
    "ABSENT",
    "Angle",
    "Bound",
    "Circuit",
    "DistributedProgram",
    "Fidelity",
    "GadgetKind",
    "Link",
    "Makespan",
    "Network",
    "Node",
    "Operation",
    "Parameter",
    "Placement",
    "Register",
    "RemotePlan",
    "Route",
    "Routing",
    "Schedule",
    "SegmentGraph",
    "Statement",
    "Step",
    "StepKind",
    "Violations",
]
