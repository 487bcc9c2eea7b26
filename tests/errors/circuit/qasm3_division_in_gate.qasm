OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
gate turn(t) a { rx(floor(t)) a; rz(1 / t) a; }
turn(0) q[0];
