"""What training reads: clips and skeletons as torch data sets."""
