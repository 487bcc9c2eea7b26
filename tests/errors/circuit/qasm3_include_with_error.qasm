OPENQASM 3.0;
include "stdgates.inc";
include "broken3.inc";
qubit q;
