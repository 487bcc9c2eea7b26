OPENQASM 2.0;
include "qelib1.inc";
gate twist(a) b { rz(a) b; rx(2^a) b; }
qreg q[1];
twist(5000) q[0];
