OPENQASM 2.0;
include "qelib1.inc";
gate mine a {
  h a;
  rx a;
}
qreg q[1];
mine q[0];
