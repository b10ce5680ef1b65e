"""Settings of networks that read clips of colored scene flow."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from skelflow.models.config import ClipSize, Dropout, Input, NetworkConfig
from skelflow.settings import Positive

EndPoint = Literal[
    "Conv3d_1a_7x7",
    "Conv3d_2b_1x1",
    "Conv3d_2c_3x3",
    "Mixed_3b",
    "Mixed_3c",
    "Mixed_4b",
    "Mixed_4c",
    "Mixed_4d",
    "Mixed_4e",
    "Mixed_4f",
    "Mixed_5b",
    "Mixed_5c",
]


class FlowConfig(NetworkConfig):
    """What the settings of all networks on flow have in common.

    Parameters
    ----------
    width : multiplier of all layer widths, 1 = the published ones.
    dropout : probability, of the last features.
    clip_length : frames of a clip, 16 in the paper.
    crop : side of a clip, pixels, 112 in the paper.
    attention : 'none', 'at1' (Eq. 3) or, with a guide, 'at2' (Eq. 5).
    time_attention : the mask of each frame is multiplied by 1 + how much its joints move, from 0 to
        1 over the clip (see `skelflow.models.attention.frames`); ours, off in the paper.
    radius : how 0.05 w becomes the whole radius of a disc, 'round' or 'floor'.
    preserve_rms : rescale the attended features of each sample to their RMS before attention.
    frozen_through : the last of the layers, counted from the clip on, that keep their weights and
        batch statistics in training; '' = all are trained.

    Notes
    -----
    Attention is put upon flow networks that were trained without it, and clips of other sizes are
    read by the same weights.
    """

    free: ClassVar[frozenset[str]] = NetworkConfig.free | {
        "clip_length",
        "crop",
        "attention",
        "time_attention",
        "radius",
        "preserve_rms",
        "frozen_through",
    }

    width: Positive = 1.0
    dropout: Dropout = 0.5
    clip_length: Annotated[int, Field(ge=8)] = 16
    crop: Annotated[int, Field(ge=16)] = 112
    attention: Literal["none", "at1", "at2"] = "none"
    time_attention: bool = False
    radius: Literal["round", "floor"] = "round"
    preserve_rms: bool = False
    frozen_through: str = ""

    def check(self) -> None:
        """Only attention can weigh frames."""
        can = self.attention != "none"
        expected = "false where attention is 'none'"
        self.require(can or not self.time_attention, "time_attention", expected)

    @property
    def inputs(self) -> frozenset[Input]:
        """Flow, and with attention the joints in it."""
        joints = frozenset() if self.attention == "none" else {Input.JOINTS_PX}
        return frozenset({Input.FLOW}) | joints

    @property
    def clip(self) -> ClipSize:
        """Size of the clips."""
        return ClipSize(self.clip_length, self.crop)


class ClipConfig(FlowConfig):
    """Settings of C3D.

    Parameters
    ----------
    width, dropout, clip_length, crop, attention, time_attention, radius, preserve_rms,
    frozen_through
        See `FlowConfig`. A clip has at least 8 frames, which are halved three times, and a side of
        at least 16 pixels, which is halved four times. Dropout acts after fc6 and fc7.
    initialization : 'original' (Gaussian of fixed width, biases 1) or 'he'.
    batch_norm : normalize each convolution's output over the batch; off in the paper.
    global_pool : the mean over all cells of the last pool is the feature, in place of fc6 and fc7;
        off in the paper.
    """

    free: ClassVar[frozenset[str]] = FlowConfig.free | {"initialization"}

    initialization: Literal["original", "he"] = "original"
    batch_norm: bool = False
    global_pool: bool = False


class I3dConfig(FlowConfig):
    """Settings of I3D.

    Parameters
    ----------
    width, dropout, clip_length, crop, attention, time_attention, radius, preserve_rms,
    frozen_through
        See `FlowConfig`. `preserve_rms` is on unless said otherwise: (1 + M) after each block
        would multiply what pre-trained weights expect.
    end_point : the last block, by its published name; the mean over its cells is the feature.
    remember_frozen : in training, what the frozen layers give for a clip is computed once and kept
        in memory. It pays where the same clips come again, see `data.variants`.
    """

    free: ClassVar[frozenset[str]] = FlowConfig.free | {"remember_frozen"}

    preserve_rms: bool = True
    end_point: EndPoint = "Mixed_4f"
    remember_frozen: bool = False

    def check(self) -> None:
        """Only frozen layers can be remembered."""
        super().check()
        can = bool(self.frozen_through)
        self.require(can or not self.remember_frozen, "remember_frozen", "false, nothing is frozen")
