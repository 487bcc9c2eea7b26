OPENQASM 2.0;
include "qelib1.inc";
include "broken2.inc";
qreg q[1];
