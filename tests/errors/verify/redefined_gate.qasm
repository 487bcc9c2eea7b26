OPENQASM 3.0;
include "stdgates.inc";
gate rzz(t) a, b { cx a, b; rz(2*t) b; cx a, b; }
qubit[2] data;
rzz(0.3) data[0], data[1];
