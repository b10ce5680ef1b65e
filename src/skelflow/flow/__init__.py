"""Dense RGB-D scene flow (Jaimez et al., ICRA 2015): reference, fast kernels, solver, colors."""
