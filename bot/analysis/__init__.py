"""What analysts read: the merged export, its codebook, the counts and the reconciliation report."""
