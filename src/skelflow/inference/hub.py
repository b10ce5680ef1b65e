"""Weights on the Hugging Face hub: `from_pretrained`, `save_pretrained` and `push_to_hub`."""

from pathlib import Path
from typing import Any, TypeVar

from huggingface_hub import ModelHubMixin, hf_hub_download

from skelflow.errors import WeightsError
from skelflow.inference.checkpoint import Checkpoint
from skelflow.inference.exported.formats import format_of
from skelflow.models.weights import save_whole

FILE = "model.safetensors"  # in a repository of the hub
Own = TypeVar("Own", bound="HubWeights")


class HubWeights(
    ModelHubMixin,
    library_name="skelflow",
    license="apache-2.0",
    tags=["action-recognition", "scene-flow", "skeleton"],
):
    """What has a checkpoint and `load`s it, and may live on the hub."""

    checkpoint: Checkpoint

    def __new__(cls: type[Own], *_: Any, **__: Any) -> Own:
        """Without the mixin's own record of arguments: a weights file describes itself."""
        return object.__new__(cls)

    def _save_pretrained(self, save_directory: Path) -> None:
        """Write the weights in one file, which says everything about itself."""
        path = self.checkpoint.path
        if format_of(path) is not None:
            raise WeightsError(
                f"{path}: is an exported file, {FILE} holds weights; load the weights that it was "
                "made from and save these"
            )
        save_whole(path, Path(save_directory) / FILE)

    @classmethod
    def _from_pretrained(
        cls: type[Own],
        *,
        model_id: str,
        revision: str | None,
        cache_dir: str | Path | None,
        force_download: bool,
        local_files_only: bool,
        token: str | bool | None,
        **options: Any,
    ) -> Own:
        """Load from a folder, or from a repository of the hub."""
        path = Path(model_id) / FILE
        if not Path(model_id).is_dir():
            path = Path(
                hf_hub_download(
                    model_id,
                    FILE,
                    revision=revision,
                    cache_dir=cache_dir,
                    force_download=force_download,
                    local_files_only=local_files_only,
                    token=token,
                )
            )
        if not path.exists():
            raise WeightsError(f"{model_id}: holds no {FILE}; `save_pretrained` writes one")
        return cls.load(path, **options)  # type: ignore[attr-defined, no-any-return]
