"""The gadgets: operations, corrections and messages of every remote primitive."""
