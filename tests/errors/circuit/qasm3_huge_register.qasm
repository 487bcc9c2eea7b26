OPENQASM 3.0;
include "stdgates.inc";
qubit[4000000000] q;
