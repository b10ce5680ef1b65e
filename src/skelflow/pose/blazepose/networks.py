"""The two networks of BlazePose, run by LiteRT."""

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32

from skelflow.extras import require

if TYPE_CHECKING:
    from ai_edge_litert.interpreter import Interpreter

DETECTOR = "pose_detection.tflite"
LANDMARKS = "pose_landmark_full.tflite"

Square = Float32[np.ndarray, "side side 3"]


class Network:
    """A network of a `.tflite` file that comes with the package; not for several threads at once.

    Parameters
    ----------
    file : `DETECTOR` or `LANDMARKS`.

    Raises
    ------
    MissingExtraError
        LiteRT is not installed.
    """

    def __init__(self, file: str) -> None:
        require("ai_edge_litert")
        self._file = file
        self._interpreter = _load(file)

    def __getstate__(self) -> str:  # an interpreter cannot be sent to another process
        return self._file

    def __setstate__(self, file: str) -> None:
        self.__init__(file)  # type: ignore[misc]

    def __call__(self, image: Square) -> list[Float32[np.ndarray, "..."]]:
        """The outputs for an RGB image of the network's size and range, in the file's order."""
        interpreter = self._interpreter
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[None])
        interpreter.invoke()
        outputs = interpreter.get_output_details()
        return [interpreter.get_tensor(output["index"])[0] for output in outputs]


def _load(file: str) -> "Interpreter":
    from ai_edge_litert.interpreter import Interpreter

    path = Path(str(resources.files(__package__))) / "data" / file
    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    return interpreter
