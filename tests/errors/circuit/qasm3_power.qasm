OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
pow(1000000001) @ u3(0.1, 0.2, 0.3) q[0];
