OPENQASM 2.0;
include "qelib1.inc";
include "../../../secret.inc";
qreg q[1];
