"""ROS bags, those of RealSense cameras among them: any depth topic, its color and its camera."""

from skelflow.recordings.ros.reader import READER, read_bag

__all__ = ["READER", "read_bag"]
