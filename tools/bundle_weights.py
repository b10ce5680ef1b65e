"""Make the weights that come with the package out of finished runs.

python -m tools.bundle_weights half runs/i3d_deep_0 utd-mhad-flow
python -m tools.bundle_weights tell utd-mhad-flow stores/person
python -m tools.bundle_weights fuse utd-mhad-flow utd-mhad-skeleton utd-mhad

`half` keeps a run's weights in half precision. `tell` has weights of an earlier version say which
recordings trained them: those that train under their protocol in a store of the data set. `fuse`
makes a network that answers by the product of the probabilities of two bundled ones; its file
holds the classifier and names the two, so that nothing is stored twice. A card, NAME.toml, is to
be written beside each by hand.
"""

import argparse
import hashlib
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save

from skelflow.datasets.store.identity import identify
from skelflow.datasets.store.store import Store
from skelflow.inference.checkpoint import BEST, Checkpoint, trained_recordings
from skelflow.models.registry import create_model
from skelflow.models.weights import (
    PARTS,
    RESERVED,
    load_heads,
    load_part,
    read_header,
    save_model,
)
from skelflow.weights import bundled_file

FOLDER = Path(__file__).resolve().parents[1] / "src" / "skelflow" / "weights"


def keep_half(run: str, name: str) -> Path:
    """Write a run's weights in half precision; counts of batches stay whole numbers."""
    path, out = Path(run) / BEST, FOLDER / f"{name}.safetensors"
    network = Checkpoint.load(path).network
    state = network.state_dict()
    halved = {key: v.half() if v.is_floating_point() else v for key, v in state.items()}
    if broken := [key for key, value in halved.items() if not value.isfinite().all()]:
        raise SystemExit(f"{path}: {broken[:5]} do not fit half precision")
    kept = {key: value.contiguous() for key, value in halved.items()}
    out.write_bytes(save(kept, metadata=read_header(path)))
    return out


def tell(name: str, store: str) -> Path:
    """Write into bundled weights which recordings of a store trained them, as `train` does."""
    path, prepared = bundled_file(name), Store.open(store)
    network = Checkpoint.load(path)
    known = trained_recordings(
        prepared,
        prepared.names(),
        recordings=(),
        source=prepared.meta.source,
        protocol=network.protocol,
        actions=network.classes,
        without=network.held_out_subjects,
    )
    told = {"fit": identify(prepared, known), "held_out": identify(prepared, ())}
    header = read_header(path) | {"recordings": json.dumps(told)}
    path.write_bytes(save(load_file(path), metadata=header))
    print(f"{name}: {len(known)} recordings")
    return path


def fuse(flow: str, skeleton: str, name: str) -> Path:
    """Write the classifier of two bundled networks, and which they are."""
    paths = {"flow": bundled_file(flow), "skeleton": bundled_file(skeleton)}
    of_flow, of_skeleton = Checkpoint.load(paths["flow"]), Checkpoint.load(paths["skeleton"])
    own, guide = of_flow.network.config.to_options(), of_skeleton.network.config.to_options()
    guide["skeleton_width"] = guide.pop("width")
    parts = {"trunk": of_flow.network.name, "guide": of_skeleton.network.name}
    network = create_model("fused", **{**guide, **own, **parts, "skeleton_update": "frozen"})
    for part, path in paths.items():
        load_part(network, part, path)  # type: ignore[arg-type]
    load_heads(network, **paths, actions=of_flow.classes)
    out = FOLDER / f"{name}.safetensors"
    header = read_header(paths["flow"])
    skeleton_clips = json.loads(read_header(paths["skeleton"])["clips"])
    ways = {key: skeleton_clips[key] for key in ("longer", "shorter")}
    header["clips"] = json.dumps(json.loads(header["clips"]) | ways)
    told = {
        part: {"weights": path.stem, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for part, path in paths.items()
    }
    extra = {key: value for key, value in header.items() if key not in RESERVED}
    save_model(network, out, {**extra, PARTS: json.dumps(told)})
    _keep_classifier(out)
    return out


def _keep_classifier(path: Path) -> None:
    """Drop what bundled weights hold already."""
    tensors = load_file(path)
    kept = {key: value for key, value in tensors.items() if key.startswith("head.")}
    path.write_bytes(save(kept, metadata=read_header(path)))


def main() -> None:
    """Run one of the three from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    ways = parser.add_subparsers(dest="way", required=True)
    half = ways.add_parser("half")
    half.add_argument("run")
    half.add_argument("name")
    telling = ways.add_parser("tell")
    telling.add_argument("name")
    telling.add_argument("store")
    fused = ways.add_parser("fuse")
    for name in ("flow", "skeleton", "name"):
        fused.add_argument(name)
    given = vars(parser.parse_args())
    with torch.no_grad():
        out = {"half": keep_half, "tell": tell, "fuse": fuse}[given.pop("way")](**given)
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
