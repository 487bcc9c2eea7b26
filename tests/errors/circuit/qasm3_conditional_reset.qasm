OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
c[0] = measure q[0];
if (c[0]) {
  reset q[1];
}
