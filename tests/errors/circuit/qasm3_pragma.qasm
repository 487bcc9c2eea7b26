OPENQASM 3.0;
pragma vendor mode fast
qubit q;
