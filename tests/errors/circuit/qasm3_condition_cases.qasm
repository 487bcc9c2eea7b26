OPENQASM 3.0;
include "stdgates.inc";
qubit q;
bit[8] a; bit[8] b;
a[0] = measure q; b[0] = measure q;
a[1] = measure q; b[1] = measure q;
a[2] = measure q; b[2] = measure q;
a[3] = measure q; b[3] = measure q;
a[4] = measure q; b[4] = measure q;
a[5] = measure q; b[5] = measure q;
a[6] = measure q; b[6] = measure q;
a[7] = measure q; b[7] = measure q;
if (a == b) { x q; }
