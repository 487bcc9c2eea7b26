OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
rx(arctan(1, 2)) q[0];
