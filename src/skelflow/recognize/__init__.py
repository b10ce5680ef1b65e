"""From a recording to an action, and to what the network looked at."""

from skelflow.recognize.recognizer import Recognizer
from skelflow.recognize.result import Explanation, Guess, Result

__all__ = ["Explanation", "Guess", "Recognizer", "Result"]
