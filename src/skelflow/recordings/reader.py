"""The reader of a source: recognizes its paths, finds them, reads one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from skelflow.recordings.consistency import checked
from skelflow.recordings.streams.guard import guard_frames, one_recording
from skelflow.types import Recording


@dataclass(frozen=True)
class Reader:
    """How the recordings of one source are recognized, found and read.

    Parameters
    ----------
    name : of the source; becomes `Recording.source`.
    expects : in one line, what a path must look like; for messages.
    recognizes : whether a path is this reader's, broken or not.
    read : the recording at a path that `recognizes` accepted; `FormatError` when it is
        damaged.
    find : every recording below a folder, each once.
    find_in_file : every recording of a file that holds many; None = files hold one.
    published : the files of a recording were published together, so that joints beside the depth
        are its tracker's fault; they are noted in `Recording.repairs` instead of refused.

    Examples
    --------
    >>> from skelflow.types import Camera, Frames
    >>> def read(path):
    ...     camera = Camera.from_fov(4, 3, 60.0)
    ...     return Recording(path.stem, path, camera, 30.0, Frames(0, lambda t: None))
    >>> reader = Reader("mine", "*.mine", lambda p: p.suffix == ".mine", read,
    ...                 lambda folder: folder.rglob("*.mine"))
    >>> reader.open(Path("wave.mine")).source
    'mine'
    """

    name: str
    expects: str
    recognizes: Callable[[Path], bool]
    read: Callable[[Path], Recording]
    find: Callable[[Path], Iterator[Path]]
    find_in_file: Callable[[Path], Iterator[Path]] | None = None
    published: bool = False

    def open(self, path: Path) -> Recording:
        """The recording at a path, its parts checked against each other; see `checked`.

        Raises
        ------
        FormatError
            It is damaged, whatever the reader raises about it.
        """
        with one_recording(path, self.name):
            recording = guard_frames(self.read(path), self.name)
            return checked(recording, published=self.published)
