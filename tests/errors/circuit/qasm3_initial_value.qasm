OPENQASM 3.0;
include "stdgates.inc";
qubit q;
bit b = 1;
