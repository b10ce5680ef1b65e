"""The graph network's input: positions, bones and velocities of joints, whatever their layout."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from skelflow.models.guides.normalize import root_origins

Bones = tuple[tuple[int, int], ...]  # pairs of joint indices
JointsM = Float[Tensor, "b frames bodies joints 3"]
CHANNELS = 12  # relative to the root, bones, velocities, place; three axes each


def parent_joints(bones: Bones, *, joints: int, root: int) -> list[int]:
    """The next joint on the way to the root; for the root and unconnected joints, themselves.

    Examples
    --------
    >>> parent_joints(((0, 1), (1, 2)), joints=4, root=1)
    [1, 1, 1, 3]
    """
    parents, queue = list(range(joints)), [root]
    for joint in queue:
        ends = {a + b - joint for a, b in bones if joint in (a, b)} - set(queue)
        for end in sorted(ends):
            parents[end] = joint
        queue.extend(sorted(ends))
    return parents


class JointChannels(nn.Module):
    """Meters to twelve channels of each joint, batch-normalized; whatever is missing is 0.

    Parameters
    ----------
    bones : see `parent_joints`; a joint without a bone has none of length but 0.
    joints, root : number of joints, and index of the one the body hangs on.
    """

    parents: Tensor

    def __init__(self, bones: Bones, *, joints: int, root: int) -> None:
        super().__init__()
        self.root = root
        parents = torch.tensor(parent_joints(bones, joints=joints, root=root))
        self.register_buffer("parents", parents, persistent=False)
        self.norm = nn.BatchNorm1d(CHANNELS * joints)

    def forward(self, joints_m: JointsM) -> Float[Tensor, "n channels frames joints"]:
        """Each body by itself: n = b x bodies."""
        channels = self.measure(joints_m).permute(0, 2, 4, 3, 1).flatten(0, 1)
        normed: Tensor = self.norm(channels.flatten(1, 2)).reshape(channels.shape)
        return normed.permute(0, 2, 3, 1).contiguous()

    def measure(self, joints_m: JointsM) -> Float[Tensor, "b frames bodies channels joints"]:
        """Offset from the root, bone, velocity per frame, and place; meters.

        The place is relative to where the first body's root is first seen, so that nothing
        depends on where the camera stands.
        """
        valid = joints_m.isfinite().all(dim=-1, keepdim=True)
        x = (joints_m - root_origins(joints_m, root=self.root)).masked_fill(~valid, 0.0)
        root = slice(self.root, self.root + 1)
        offset = (x - x[:, :, :, root]) * (valid & valid[:, :, :, root])
        bone = (x - x[:, :, :, self.parents]) * (valid & valid[:, :, :, self.parents])
        parts = [offset, bone, velocity(x, valid), x]
        return torch.cat(parts, dim=-1).transpose(3, 4)


def velocity(x: JointsM, valid: Bool[Tensor, "b frames bodies joints 1"]) -> JointsM:
    """Change to the next frame; 0 where either is missing, and in the last frame."""
    change = (x[:, 1:] - x[:, :-1]) * (valid[:, 1:] & valid[:, :-1])
    return functional.pad(change, (0, 0, 0, 0, 0, 0, 0, 1))
