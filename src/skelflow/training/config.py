"""Every setting of a training run and its default, once; the defaults are the paper's."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, asdict, dataclass, field
from typing import Any, Literal

from skelflow.datasets.loading.augment import Augmentation
from skelflow.errors import ConfigError
from skelflow.models.registry import configure
from skelflow.settings import SettingsError

# what the store knows: a recipe may not say it
_FROM_STORE = frozenset({"classes", "joints", "root"})


def require(condition: bool, name: str, found: Any, expected: str) -> None:
    """Raise `ConfigError` about the setting `name` unless the condition holds."""
    if not condition:
        raise ConfigError(f"{name}: found {found!r}, expected {expected}")


@dataclass(frozen=True)
class ModelSection:
    """Which network to train.

    Parameters
    ----------
    name : see `skelflow.models.registry.list_models`.
    options : fields of that network's configuration; classes, joints and the root joint come
        from the store, and so does `bodies` unless it is here.
    """

    name: str = "res_tcn_bjcn"
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for option in self.options:
            if option in _FROM_STORE:
                raise ConfigError(f"model.{option}: {self.name} has no such option")
        try:
            configure(self.name, self.options)
        except SettingsError as error:
            raise error.within("model") from None


@dataclass(frozen=True)
class DataSection:
    """Which recordings train, and how they are read.

    Parameters
    ----------
    protocol : who trains and who tests; None = the data set's usual one.
    held_out_subjects : training subjects that only choose the checkpoint (and steer 'plateau').
    augmentation : random changes of training samples; none in the paper but the crop.
    overlap : of neighboring clips, in kept flow frames.
    longer : a skeleton of more than `model.frames` frames is "cut" at its end or "resample"d.
    cache : keep all arrays in memory.
    workers : processes that load batches; 0 = the training process itself.
    balance : draw training samples, with replacement, such that every class is as likely.
    """

    protocol: str | None = None
    held_out_subjects: tuple[int, ...] = ()
    augmentation: Augmentation = field(default_factory=Augmentation)
    overlap: int = 8
    longer: Literal["cut", "resample"] = "cut"
    cache: bool = True
    workers: int = 0
    balance: bool = False

    def __post_init__(self) -> None:
        require(self.overlap >= 0, "data.overlap", self.overlap, "at least 0")
        require(self.workers >= 0, "data.workers", self.workers, "at least 0")
        subjects = self.held_out_subjects
        require(len(set(subjects)) == len(subjects), "data.held_out_subjects", subjects, "no twins")


@dataclass(frozen=True)
class ScheduleSection:
    """How the learning rate falls.

    Parameters
    ----------
    name : 'plateau' multiplies it by `factor` when the monitored loss has not improved for
        `patience` epochs; 'step' does so after `every` epochs; 'cosine' lowers it to 0 at the
        last step; 'constant' leaves it.
    factor, patience, every : see above.
    warmup_epochs : it rises linearly from 0 over the first so many epochs.
    """

    name: Literal["plateau", "step", "cosine", "constant"] = "plateau"
    factor: float = 0.1
    patience: int = 10
    every: int = 4
    warmup_epochs: float = 0.0

    def __post_init__(self) -> None:
        prefix = "optim.schedule"
        require(0 < self.factor < 1, f"{prefix}.factor", self.factor, "between 0 and 1")
        require(self.patience >= 1, f"{prefix}.patience", self.patience, "at least 1")
        require(self.every >= 1, f"{prefix}.every", self.every, "at least 1")
        warmup = self.warmup_epochs
        require(warmup >= 0, f"{prefix}.warmup_epochs", warmup, "at least 0")


@dataclass(frozen=True)
class OptimSection:
    """The optimizer.

    Parameters
    ----------
    name : 'sgd' or 'adamw'.
    lr : learning rate.
    momentum, nesterov : of 'sgd'.
    weight_decay : of both; decoupled in 'adamw'.
    schedule : see `ScheduleSection`.
    """

    name: Literal["sgd", "adamw"] = "sgd"
    lr: float = 1e-2
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 0.0
    schedule: ScheduleSection = field(default_factory=ScheduleSection)

    def __post_init__(self) -> None:
        require(0 < self.lr < float("inf"), "optim.lr", self.lr, "positive")
        require(0 <= self.momentum < 1, "optim.momentum", self.momentum, "in [0, 1)")
        require(self.weight_decay >= 0, "optim.weight_decay", self.weight_decay, "at least 0")
        nesterov = self.nesterov and self.name == "sgd"
        expected = "false without momentum"
        require(not nesterov or self.momentum > 0, "optim.nesterov", self.nesterov, expected)


@dataclass(frozen=True)
class InitSection:
    """Where parts of the network start from; all at random by default.

    Parameters
    ----------
    skeleton, flow : a run folder or checkpoint of a network that has that part.
    sports1m : a C3D weights file of another project, see
        `skelflow.models.flow.sports1m.load_c3d_weights`.
    """

    skeleton: str | None = None
    flow: str | None = None
    sports1m: str | None = None

    def __post_init__(self) -> None:
        both = self.flow is not None and self.sports1m is not None
        require(not both, "init.sports1m", self.sports1m, "nothing beside init.flow")


@dataclass(frozen=True)
class RunConfig:
    """One training run.

    Parameters
    ----------
    model, data, optim, init : see the sections.
    batch_size : sequences (skeleton networks) or clips in a step, over all devices.
    accumulate : a step's samples are read in so many parts, one after the other, to fit a device.
    epochs : passes through the training samples.
    l1 : weight of the L1 penalty on convolution weights.
    clip_norm : gradients are scaled down to this norm; 0 = never.
    seed : of weights, order, augmentation and dropout.
    paper_protocol : 'plateau' monitors the test loss, as the paper did. The checkpoint is
        chosen on held-out training subjects, or is the last, all the same.
    precision : "no" (32 bit), "bf16" or "fp16" mixed precision.
    save_minutes : the whole state is saved this often within an epoch.

    Raises
    ------
    ConfigError
        A value is out of range or contradicts another one; the message names the setting.
    """

    _: KW_ONLY
    model: ModelSection = field(default_factory=ModelSection)
    data: DataSection = field(default_factory=DataSection)
    optim: OptimSection = field(default_factory=OptimSection)
    init: InitSection = field(default_factory=InitSection)
    batch_size: int = 128
    accumulate: int = 1
    epochs: int = 150
    l1: float = 1e-4
    clip_norm: float = 0.0
    seed: int = 0
    paper_protocol: bool = False
    precision: Literal["no", "bf16", "fp16"] = "no"
    save_minutes: float = 5.0

    def __post_init__(self) -> None:
        for name in ("batch_size", "accumulate", "epochs"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        parts, most = self.accumulate, f"at most batch_size = {self.batch_size}"
        require(parts <= self.batch_size, "accumulate", parts, most)
        for name in ("l1", "clip_norm", "seed"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "at least 0")
        require(self.save_minutes > 0, "save_minutes", self.save_minutes, "positive")
        warmup, top = self.optim.schedule.warmup_epochs, f"at most epochs = {self.epochs}"
        require(warmup <= self.epochs, "optim.schedule.warmup_epochs", warmup, top)

    def to_json(self) -> dict[str, Any]:
        """Nested plain values, as a recipe would hold them."""
        values = asdict(self)
        values["model"] = {"name": self.model.name, **self.model.options}
        values["data"]["held_out_subjects"] = list(self.data.held_out_subjects)
        return values
