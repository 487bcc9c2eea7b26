OPENQASM 3.0;
include "stdgates.inc";
include "circle3.inc";
qubit q;
