"""Hot loops: arrays in, arrays out, numpy and numba only. Each has a plain twin in `reference`."""
