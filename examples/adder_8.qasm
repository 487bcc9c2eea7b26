// Adds two eight-bit numbers in place, OpenQASM 3: b = a + b.
//
// The ripple-carry adder of Cuccaro, Draper, Kutin and Moulton (2004). The carry travels up the
// register a on majority gates and down again while the sum appears in b. So neighbouring digits
// belong on one node, and a good placement cuts the chain only where a node ends.
OPENQASM 3.0;
include "stdgates.inc";

// the carry of one digit, left in a
gate majority carry, b, a { cx a, b; cx a, carry; ccx carry, b, a; }

// undoes majority and leaves the sum in b
gate unmajority carry, b, a { ccx carry, b, a; cx a, carry; cx carry, b; }

qubit[8] a;
qubit[8] b;
qubit[1] carry_in;
qubit[1] carry_out;
bit[8] sum;
bit[1] overflow;

// a = 77, b = 181: the sum 258 is 2 with a carry
x a[0];
x a[2];
x a[3];
x a[6];
x b[0];
x b[2];
x b[4];
x b[5];
x b[7];

majority carry_in[0], b[0], a[0];
majority a[0], b[1], a[1];
majority a[1], b[2], a[2];
majority a[2], b[3], a[3];
majority a[3], b[4], a[4];
majority a[4], b[5], a[5];
majority a[5], b[6], a[6];
majority a[6], b[7], a[7];

cx a[7], carry_out[0];

unmajority a[6], b[7], a[7];
unmajority a[5], b[6], a[6];
unmajority a[4], b[5], a[5];
unmajority a[3], b[4], a[4];
unmajority a[2], b[3], a[3];
unmajority a[1], b[2], a[2];
unmajority a[0], b[1], a[1];
unmajority carry_in[0], b[0], a[0];

sum = measure b;
overflow[0] = measure carry_out[0];
