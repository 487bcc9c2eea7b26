OPENQASM 2.0;
include "qelib1.inc";
gate twist(a) b { rz(1/a) b; }
qreg q[1];
twist(0) q[0];
