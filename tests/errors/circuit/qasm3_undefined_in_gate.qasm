OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
gate turn(t) a {
  rx(mod(t, 2)) a;
  rz(angle_of_call) a;
}
