// Sends a state over a relay by teleportation, then reuses the measured qubits. OpenQASM 3.
//
// Shows what a dynamic circuit may contain: measurements in the middle, gates that depend on their
// results, and reset. Where the measured qubit and the corrected one are on different nodes, the
// bit becomes a message. Whatever is measured on the way, check[0] and check[1] are always 0.
OPENQASM 3.0;
include "stdgates.inc";

qubit[1] message;
qubit[2] left;    // one pair between sender and relay
qubit[2] right;   // one pair between relay and receiver
bit[2] swapped;
bit[2] sent;
bit[2] check;

// the state to be sent
ry(0.8) message[0];
rz(1.9) message[0];

// two entangled pairs
h left[0];
cx left[0], left[1];
h right[0];
cx right[0], right[1];

// the relay joins them into one pair of left[0] and right[1]
cx left[1], right[0];
h left[1];
swapped[0] = measure left[1];
swapped[1] = measure right[0];
if (swapped[1]) { x right[1]; }
if (swapped[0]) { z right[1]; }

// the sender teleports the message over that pair
cx message[0], left[0];
h message[0];
sent[0] = measure message[0];
sent[1] = measure left[0];
if (sent[1]) { x right[1]; }
if (sent[0]) { z right[1]; }

// the relay's qubits are used again: a parity of the received state, computed and undone
reset left[1];
reset right[0];
cx right[1], right[0];
cx right[0], left[1];
cx right[0], left[1];
cx right[1], right[0];
check[1] = measure right[0];

// undo the preparation at the receiver
rz(-1.9) right[1];
ry(-0.8) right[1];
check[0] = measure right[1];
