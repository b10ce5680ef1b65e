"""A dense match of two frames between the coarse levels of a solve and its finest one."""
