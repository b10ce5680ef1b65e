"""People: bodies, clothing, kinematics, skinning and style of motion."""
