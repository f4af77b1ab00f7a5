"""The files that an export can be: one module for each kind, all fed with the same rows."""
