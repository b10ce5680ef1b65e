"""Several people over time: each is looked for where the last frame's landmarks say."""

import math
from itertools import count

import numpy as np
from jaxtyping import UInt8

from skelflow.pose.blazepose.detector import Detector
from skelflow.pose.blazepose.landmarks import LandmarkNetwork, Landmarks
from skelflow.pose.blazepose.region import Region

LEAST_DETECTION = 0.3  # a mere hint is enough, since the landmarks' own score decides
LEAST_SCORE = 0.5
LOOK_EVERY = 10  # frames from one search for more people to the next
SAME_PERSON = 0.1  # mean distance of the landmarks, in sides of the region
SAME_PLACE = 0.25  # distance of two regions' centers, in sides, that mean one person


class PersonTracker:
    """Follows people through the frames of one recording, in order.

    Parameters
    ----------
    people : the most that are followed at the same time.

    Raises
    ------
    MissingExtraError
        LiteRT is not installed.
    """

    def __init__(self, *, people: int = 2) -> None:
        self.people = people
        self._detector = Detector()
        self._landmarks = LandmarkNetwork()
        self._numbers = count()
        self._places: dict[int, Region] = {}  # of everybody, where they were seen last
        self._followed: tuple[int, ...] = ()
        self._frame = 0

    def track(self, image: UInt8[np.ndarray, "h w 3"]) -> dict[int, Landmarks]:
        """The people in the next frame, an RGB image, by number; a number stays one person's."""
        found: dict[int, Landmarks] = {}
        for number in self._followed:
            self._keep(found, number, self._landmarks(image, self._places[number]))
        if not found or (len(found) < self.people and self._frame % LOOK_EVERY == 0):
            self._search(image, found)
        self._frame += 1
        self._followed = tuple(found)
        self._places |= {number: person.region for number, person in found.items()}
        return found

    def _search(self, image: UInt8[np.ndarray, "h w 3"], found: dict[int, Landmarks]) -> None:
        """Add people who are not followed yet."""
        for detection in self._detector(image, least_score=LEAST_DETECTION):
            if len(found) == self.people:
                return
            regions = [person.region for person in found.values()]
            if any(_near(detection.region, region) for region in regions):
                continue
            first = self._landmarks(image, detection.region)
            if first.score >= LEAST_SCORE:
                number = self._number(first.region, found)
                self._keep(found, number, self._landmarks(image, first.region))

    def _keep(self, found: dict[int, Landmarks], number: int, person: Landmarks) -> None:
        """Count a person in, unless it is none, or one that is found already."""
        others = found.values()
        if person.score >= LEAST_SCORE and not any(_same(person, other) for other in others):
            found[number] = person

    def _number(self, region: Region, found: dict[int, Landmarks]) -> int:
        """The number of the person who was lost nearest to a place, or a new one."""
        lost = [number for number in self._places if number not in found]
        nearest = min(lost, key=lambda n: _distance(region, self._places[n]), default=None)
        if nearest is not None and _distance(region, self._places[nearest]) < region.side / 2:
            return nearest
        return next(self._numbers)


def _near(region: Region, other: Region) -> bool:
    return _distance(region, other) < SAME_PLACE * max(region.side, other.side)


def _distance(region: Region, other: Region) -> float:
    return math.hypot(region.x - other.x, region.y - other.y)


def _same(person: Landmarks, other: Landmarks) -> bool:
    apart = np.linalg.norm(person.points_px - other.points_px, axis=1).mean()
    return bool(apart < SAME_PERSON * other.region.side)
