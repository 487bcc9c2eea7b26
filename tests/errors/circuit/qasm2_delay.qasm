OPENQASM 2.0;
include "qelib1.inc";
opaque delay(t) q;
qreg q[1];
delay(100) q[0];
