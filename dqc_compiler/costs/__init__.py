"""The price list: e-bits and time, for the search, the scheduler and the report alike."""
