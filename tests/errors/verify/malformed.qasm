OPENQASM 3.0;
include "stdgates.inc";
qubit[2] data;
while (true) { x data[0]; }
