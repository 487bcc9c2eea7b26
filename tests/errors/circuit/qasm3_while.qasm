OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
while (c[0]) { h q[0]; c[0] = measure q[0]; }
