"""The 33 landmarks of BlazePose, and which change places in a mirror."""

_NAMES = (
    "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer "
    "left_ear right_ear left_mouth right_mouth left_shoulder right_shoulder left_elbow "
    "right_elbow left_wrist right_wrist left_pinky right_pinky left_index right_index "
    "left_thumb right_thumb left_hip right_hip left_knee right_knee left_ankle right_ankle "
    "left_heel right_heel left_foot_index right_foot_index"
)
LANDMARKS = tuple(_NAMES.split())
_SWAP = {"left": "right", "right": "left"}


def _mirrored(landmark: str) -> int:
    side, _, rest = landmark.partition("_")
    return LANDMARKS.index(f"{_SWAP[side]}_{rest}" if side in _SWAP else landmark)


MIRROR = tuple(_mirrored(landmark) for landmark in LANDMARKS)
