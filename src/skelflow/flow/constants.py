"""The constants of the energy, and of what our own presets add to it."""

import numpy as np

LAMBDA_I = np.float32(0.04)  # weight of the image-plane motion's total variation
LAMBDA_D = np.float32(0.35)  # weight of the depth motion's total variation
MU_0 = np.float32(75.0)  # weight of depth constancy on smooth, matching depth
MU_FALL = np.float32(1000.0)  # how fast it falls with depth gradients and residual, 1/m^2
EPSILON = np.float32(1e-10)
DEPTH_BAND_M = np.float32(0.1)  # depths further apart than this are different surfaces
MEDIAN_DEPTH = np.float32(5.0)  # how fast a median weight falls with the squared depth step
MEDIAN_RESIDUAL = np.float32(10.0)  # and with the squared depth residual

# of our own presets (`robust`), chosen by end-point error on scenes with known motion
DEPTH_FILTERS = ((3, 1, 0.1), (4, 3, 0.05))  # radius, pixels between neighbors, twice the band, m
NOISE_SHARE = np.float32(0.1)  # of the noise's deviation that a depth residual shrinks by
CONTRAST = np.float32(3.3)  # gray levels; local deviation of a texture that is left as it is
SPECKLE_PX = 2  # reach of the median that flying pixels are told by
SPECKLE = np.float32(0.06)  # how far from it, as a share of their depth, they are
CONTRAST_FLOOR = np.float32(0.8)  # gray levels of contrast that count as noise
OCCLUSION = np.float32(200.0)  # how fast brightness fades with the squared depth residual, 1/m^2
VIEW_MARGIN = np.float32(0.5)  # pixels that a motion may leave the image by
LOST_M = np.float32(100.0)  # depth residual of what left it: it has no weight

# of the dense match (`match`), chosen on real pairs, scenes and people with known motion
FARTHEST_M = np.float32(0.3)  # a greater change of depth is another surface
LONELY_M = np.float32(0.05)  # how far a change of depth may be off the mean of its surface
RETURN_PX, RETURN_SHARE = 1.5, 0.05  # where there and back must meet: pixels, share of the motion
FEW_RETURN = np.float32(0.3)  # share of a surface that comes back, below which that says nothing
FAINT = 0.25  # texture, gray levels a pixel over the noise's deviation, that counts half

# of the images made of depth (`depth_image`)
MEAN_PX = 6.0  # reach of the local mean, at 120 rows; grows with the image
SOFTEN_PX = 0.75  # blur of the finished image, at 120 rows
GAIN = 300.0  # gray levels per meter of relief
MIDDLE = 110.0  # what is as deep as its surroundings, and what has no depth
DARKEST, BRIGHTEST = 20.0, 255.0
NORMAL_PX = 0.5  # reach of the mean that normals are taken of, at 120 rows
AMBIENT = 40.0  # gray of a surface seen edge-on
SILHOUETTE = 64.0  # gray of whatever has depth
MASKED_SHARE = 0.5  # of pixels without depth, from which the background counts as removed
