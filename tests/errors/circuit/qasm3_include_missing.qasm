OPENQASM 3.0;
include "missing.inc";
qubit q;
