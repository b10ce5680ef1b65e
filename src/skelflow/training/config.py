"""Every setting of a training run and its default, once; the defaults are the paper's."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, NonNegativeFloat, NonNegativeInt

from skelflow.datasets.loading.augment import Augmentation
from skelflow.datasets.loading.sampling import Longer, SamplingName, Shorter
from skelflow.models.registry import configure
from skelflow.settings import Count, Positive, Seed, Settings, SettingsError

_MOST_WORKERS = 512  # processes that load batches; more bring a machine to a stop
# the store decides these; a recipe may not
FROM_STORE = frozenset({"classes", "joints", "root", "bones"})


class ModelSection(Settings):
    """Which network to train.

    Parameters
    ----------
    name : see `skelflow.models.registry.list_models`.
    **options : of that network, see its settings; classes, joints, root joint and bones come from
        the store, and so does `bodies` unless it is here.
    """

    model_config = ConfigDict(extra="allow")

    name: str = "res_tcn_bjcn"

    @property
    def options(self) -> dict[str, Any]:
        """The network's options by name."""
        return dict(self.model_extra or {})

    def check(self) -> None:  # noqa: D102
        for option in self.options:
            if option in FROM_STORE:
                raise SettingsError(f"{option}: it comes from the store; leave it out")
        configure(self.name, self.options)


class DataSection(Settings):
    """Which recordings train, and how they are read.

    Parameters
    ----------
    protocol : who trains and who tests; None = the data set's usual one.
    held_out_subjects : training subjects that only choose the checkpoint (and steer 'plateau').
    augmentation : random changes of training samples; none in the paper but the crop.
    sampling : a clip of flow has neighboring frames ("windows"), or frames spread over the "whole"
        action; see `skelflow.datasets.loading.clips.ClipDataset`.
    sets : clips of the whole action whose answers are averaged outside training.
    overlap : of neighboring clips, in kept flow frames.
    longer : a skeleton of more than `model.frames` frames is "cut" at its end or "resample"d.
    shorter : one of fewer frames is "pad"ded with NaN at its end or "resample"d.
    variants : each training sample is changed in so many random ways, which take turns from epoch
        to epoch; 0 = in a new way in each epoch. See `remember_frozen` of I3D.
    cache : keep all arrays in memory.
    workers : processes that load batches; 0 = the training process itself.
    balance : draw training samples, with replacement, such that every class is as likely.
    """

    protocol: str | None = None
    held_out_subjects: Annotated[tuple[int, ...], Field(strict=False)] = ()
    augmentation: Augmentation = Augmentation()
    sampling: SamplingName = "windows"
    sets: Count = 3
    overlap: NonNegativeInt = 8
    longer: Longer = "cut"
    shorter: Shorter = "pad"
    variants: NonNegativeInt = 0
    cache: bool = True
    workers: Annotated[int, Field(ge=0, le=_MOST_WORKERS)] = 0
    balance: bool = False

    def check(self) -> None:  # noqa: D102
        subjects = self.held_out_subjects
        self.require(len(set(subjects)) == len(subjects), "held_out_subjects", "each once")


class ScheduleSection(Settings):
    """How the learning rate falls.

    Parameters
    ----------
    name : 'plateau' multiplies it by `factor` when the monitored loss has not improved for
        `patience` epochs; 'step' does so after `every` epochs; 'cosine' lowers it to 0 at the
        last step; 'one_cycle' raises it for the first 0.3 of the run from a 25th, then lowers it
        to nearly 0, both along a cosine, and the momentum from 0.95 to 0.85 and back;
        'constant' leaves it.
    factor, patience, every : see above.
    warmup_epochs : it rises linearly from 0 over the first so many epochs.
    min_lr : it never falls below this.
    """

    name: Literal["plateau", "step", "cosine", "one_cycle", "constant"] = "plateau"
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1
    patience: Count = 10
    every: Count = 4
    warmup_epochs: NonNegativeFloat = 0.0
    min_lr: NonNegativeFloat = 0.0

    @property
    def needs_end(self) -> bool:
        """Whether the rate depends on how many epochs there will be."""
        return self.name in ("cosine", "one_cycle")


class OptimSection(Settings):
    """The optimizer.

    Parameters
    ----------
    name : 'sgd' or 'adamw'.
    lr : learning rate.
    head_lr : that of the classifier; None = the same. The schedule moves both alike.
    momentum, nesterov : of 'sgd'.
    weight_decay : of both; decoupled in 'adamw'.
    decay_all : False spares biases, normalization, and what a layer names in `no_weight_decay`.
    schedule : see `ScheduleSection`.
    """

    name: Literal["sgd", "adamw"] = "sgd"
    lr: Positive = 1e-2
    head_lr: Positive | None = None
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    nesterov: bool = True
    weight_decay: NonNegativeFloat = 0.0
    decay_all: bool = True
    schedule: ScheduleSection = ScheduleSection()

    def check(self) -> None:  # noqa: D102
        nesterov = self.nesterov and self.name == "sgd"
        self.require(not nesterov or self.momentum > 0, "nesterov", "false without momentum")
        floor = self.schedule.min_lr
        if floor > self.lr:
            raise SettingsError(f"schedule.min_lr: found {floor}, expected at most lr = {self.lr}")


class InitSection(Settings):
    """Where parts of the network start from; all at random by default.

    Parameters
    ----------
    skeleton, flow : a run folder or checkpoint of a network that has that part, or the name of
        bundled weights.
    sports1m : a C3D weights file of another project, see
        `skelflow.models.flow.sports1m.load_c3d_weights`.
    heads : the classifier of a fused network, too, starts from those of `skeleton` and `flow`: at
        first it answers by the product of their probabilities.
    i3d : an I3D weights file, see `skelflow.models.flow.i3d_weights.load_i3d_weights`.
    """

    skeleton: str | None = None
    flow: str | None = None
    sports1m: str | None = None
    i3d: str | None = None
    heads: bool = False

    def check(self) -> None:  # noqa: D102
        both = self.skeleton is not None and self.flow is not None
        self.require(both or not self.heads, "heads", "false without init.skeleton and init.flow")
        starts = {name: getattr(self, name) for name in ("flow", "sports1m", "i3d")}
        given = [name for name, value in starts.items() if value is not None]
        if len(given) > 1:
            raise SettingsError(f"{given[1]}: found beside {given[0]}, expected one start of flow")


class RunConfig(Settings):
    """One training run.

    Parameters
    ----------
    model, data, optim, init : see the sections.
    batch_size : sequences (skeleton networks) or clips in a step, over all devices.
    accumulate : a step's samples are read in so many micro-batches, one after the other, to fit a
        device.
    epochs : passes through the training samples; a run may be given more of them later where the
        learning rate does not depend on how many there are ('plateau', 'step', 'constant').
    early_stop : the run ends after so many epochs without a better result on held-out subjects;
        0 = never.
    l1 : weight of the L1 penalty on convolution weights.
    label_smoothing : part of each training target that all classes share evenly.
    mixup : probability that a micro-batch is blended in pairs, skeletons and labels alike; see
        `skelflow.datasets.loading.mixup`.
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

    model: ModelSection = ModelSection()
    data: DataSection = DataSection()
    optim: OptimSection = OptimSection()
    init: InitSection = InitSection()
    batch_size: Count = 128
    accumulate: Count = 1
    epochs: Count = 150
    early_stop: NonNegativeInt = 0
    l1: NonNegativeFloat = 1e-4
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    mixup: Annotated[float, Field(ge=0, le=1)] = 0.0
    clip_norm: NonNegativeFloat = 0.0
    seed: Seed = 0
    paper_protocol: bool = False
    precision: Literal["no", "bf16", "fp16"] = "no"
    save_minutes: Positive = 5.0

    def check(self) -> None:  # noqa: D102
        most = f"at most batch_size = {self.batch_size}"
        self.require(self.accumulate <= self.batch_size, "accumulate", most)
        only_joints = not configure(self.model.name, self.model.options).reads_clips
        self.require(only_joints or not self.mixup, "mixup", "0 for a network that reads flow")
        held_out = bool(self.data.held_out_subjects)
        self.require(held_out or not self.early_stop, "early_stop", "0 without held-out subjects")
        warmup = self.optim.schedule.warmup_epochs
        if warmup > self.epochs:
            raise SettingsError(
                f"optim.schedule.warmup_epochs: found {warmup!r}, expected at most epochs = "
                f"{self.epochs}"
            )

    def to_json(self) -> dict[str, Any]:
        """Nested plain values, as a recipe would hold them."""
        return self.model_dump(mode="json")
