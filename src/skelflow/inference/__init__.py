"""From a recording to an action, and to what the network looked at."""

from skelflow.inference.recognizer import Recognizer
from skelflow.inference.result import Explanation, Prediction, Result

__all__ = ["Explanation", "Prediction", "Recognizer", "Result"]
