OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
gate turn(t) a {
  h a;
  rx(log(t)) a;
}
turn(0.5) q[0];
ctrl @ turn(-2) q[0], q[1];
