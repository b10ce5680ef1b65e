"""Settings of networks that read clips of colored scene flow."""

from typing import Annotated, Literal

from pydantic import Field

from skelflow.models.config import ClipSize, Dropout, Input, NetworkConfig
from skelflow.settings import Positive


class ClipConfig(NetworkConfig):
    """Settings of C3D.

    Parameters
    ----------
    width : multiplier of all layer widths, 1 = the paper's.
    dropout : probability, after fc6 and fc7.
    clip_length : frames of a clip, 16 in the paper, at least 8: it is halved three times.
    crop : side of a clip, pixels, 112 in the paper, at least 16: it is halved four times.
    attention : 'none', 'at1' (Eq. 3) or, with a guide, 'at2' (Eq. 5).
    radius : how 0.05 w becomes the whole radius of a disc, 'round' or 'floor'.
    preserve_rms : rescale the attended features of each sample to their RMS before attention.
    initialization : 'original' (Gaussian of fixed width, biases 1) or 'he'.
    """

    width: Positive = 1.0
    dropout: Dropout = 0.5
    clip_length: Annotated[int, Field(ge=8)] = 16
    crop: Annotated[int, Field(ge=16)] = 112
    attention: Literal["none", "at1", "at2"] = "none"
    radius: Literal["round", "floor"] = "round"
    preserve_rms: bool = False
    initialization: Literal["original", "he"] = "original"

    @property
    def inputs(self) -> frozenset[Input]:
        """Flow, and with attention the joints in it."""
        joints = frozenset() if self.attention == "none" else {Input.JOINTS_PX}
        return frozenset({Input.FLOW}) | joints

    @property
    def clip(self) -> ClipSize:
        """Size of the clips."""
        return ClipSize(self.clip_length, self.crop)
