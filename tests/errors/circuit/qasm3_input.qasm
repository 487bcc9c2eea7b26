OPENQASM 3.0;
include "stdgates.inc";
input float theta;
qubit q;
rx(theta) q;
delay[theta * 1ns] q;
