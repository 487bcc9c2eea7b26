OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
cx q[0], q[0];
