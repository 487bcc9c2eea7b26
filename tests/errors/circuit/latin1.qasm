OPENQASM 2.0;
// Schrödinger
