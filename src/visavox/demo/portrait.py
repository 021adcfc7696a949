"""The talker's face: a portrait that is posed by warping its mesh."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from visavox.errors import ModelError

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

SIDE = 320
"""Height and width of the pictures."""

GRID = 3
"""Pixels between two places at which displacements are computed."""

# Numbers of points in MediaPipe's canonical face mesh.

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
UPPER_LIDS = ((246, 161, 160, 159, 158, 157, 173), (466, 388, 387, 386, 385, 384, 398))
LOWER_LIDS = ((7, 163, 144, 145, 153, 154, 155), (249, 390, 373, 374, 380, 381, 382))
EYE_CORNERS = (33, 133, 263, 362)
BROWS = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 300, 293, 334, 296, 336, 276, 283, 282, 295, 285)
NOSE = (168, 197, 5, 1, 2, 48, 278)
CHEEKS = (50, 280, 205, 425, 101, 330, 187, 411, 117, 346)
UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
CHIN = (18, 200, 199, 83, 313, 194, 418)
SMILE_FOLDS = (129, 203, 206, 216, 212, 202, 61, 57, 186, 43, 358, 423, 426, 436, 432, 422, 291, 287, 410, 273)

FOLD_WIDTH, SOFTNESS = 0.12, 0.28
"""How far around these the picture of a resting face is softened, and how much; in distances of the eyes."""


@dataclass(frozen=True)
class Pose:
    """What the face does in one picture; 0 is the resting face, the photograph itself has ``smile=1``.

    Args:
        jaw: Mouth open, 0..1.
        rounding: Lips round, 0..1.
        smile: Corners of the mouth up and out, 0..1.
        brows: Brows raised, 0..1.
        lids: Eyes closed, 0..1; slightly negative where they are wide open.
        yaw: Head turned to the picture's right, radians, small.
        pitch: Head bowed, radians, small.
        roll: Head leant to the picture's right, radians, small.
    """

    jaw: float = 0.0
    rounding: float = 0.0
    smile: float = 0.0
    brows: float = 0.0
    lids: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


def portrait() -> Portrait:
    """The astronaut's portrait, ready to be posed.

    Raises:
        WeightsError: If the portrait or the face networks were not fetched.
        ModelError: If no face is found in it.
    """
    import av

    from visavox import weights
    from visavox.face.detector import FaceDetector
    from visavox.face.mesh import FaceMesh, around_detection

    path = weights.path("astronaut.png")
    with av.open(str(path)) as container:
        pixels = np.asarray(next(container.decode(video=0)).to_ndarray(format="rgb24"), dtype=np.uint8)
    found = FaceDetector()(pixels)
    if not found:
        raise ModelError(f"{path}: no face was found in the portrait; is this the right file? Try `visavox doctor`.")
    return Portrait(pixels, FaceMesh()(pixels, around_detection(found[0])).points)


class Portrait:
    """A portrait that can be posed.

    Two smooth fields move the picture, one that knows the upper lip and one that knows the lower, so that the lips can
    part; between them the inside of the mouth is painted.

    Args:
        pixels: The portrait, whose mouth must show its upper teeth [shape=(h, w, 3), uint8].
        points: Its face mesh [shape=(468, 3)], in pixels.
        side: Pixels of the square pictures it gives.
    """

    def __init__(self, pixels: NDArray[np.uint8], points: NDArray[np.floating], *, side: int = SIDE) -> None:
        points = np.asarray(points, dtype=np.float64)
        centre, self.unit = points[:, :2].mean(axis=0), float(np.linalg.norm(points[263, :2] - points[33, :2]))
        extent = min(3.7 * self.unit, *pixels.shape[:2])
        corner = np.clip(centre - (0.5 * extent, 0.49 * extent), 0, np.array(pixels.shape[1::-1]) - extent)
        self.side = side
        left, top = np.floor(corner).astype(int)
        crop = np.ascontiguousarray(pixels[top : top + int(extent), left : left + int(extent)])
        scale = side / len(crop)
        self.points = (points - (left, top, 0)) * scale
        self.unit *= scale
        # The mesh draws the lower lip's edge a little below where the teeth end.
        self.points[list(LOWER_INNER[1:-1]), :2] += 0.18 * (
            self.points[list(UPPER_INNER[1:-1]), :2] - self.points[list(LOWER_INNER[1:-1]), :2]
        )
        # Sampling from an enlarged copy keeps the picture sharp under bilinear interpolation.
        photograph = _scaled(crop, 2 * side)
        # A face at rest lacks the folds and shadows of its smile: there, a blurred copy brightens it.
        soft = _scaled(_scaled(crop, round(side / (SOFTNESS * self.unit))), 2 * side)
        places = (np.arange(2 * side) - 0.5) / 2
        folds = np.zeros((2 * side, 2 * side))
        for x, y in self.points[list(SMILE_FOLDS), :2]:
            square = (places - x) ** 2 + (places[:, None] - y) ** 2
            folds = np.maximum(folds, np.exp(-square / (2 * (FOLD_WIDTH * self.unit) ** 2)))
        rested = photograph + folds[..., None] * np.maximum(soft.astype(np.float64) - photograph, 0)
        self._smiling, self._rested = _packed(photograph), _packed(rested)
        self._source = self._smiling
        shared = [*OVAL[::2], *sum(UPPER_LIDS + LOWER_LIDS, ()), *EYE_CORNERS, *BROWS, *NOSE, *CHEEKS]
        self._shared = [*shared, 61, 78, 291, 308]
        middle = self.points[[10, 152], :2].mean(axis=0)
        self._hair = middle + 1.62 * (self.points[[103, 54, 21, 10, 338, 297, 332, 284, 251, 67], :2] - middle)
        edge = np.linspace(0, side, 5)
        frame = [(x, y) for x in edge for y in edge if x in (0, side) or y in (0, side)]
        chin = self.points[152, :2]
        collar = chin + self.unit * np.column_stack([np.linspace(-1.3, 1.3, 7), np.full(7, 0.62)])
        self._still = np.array([*frame, *collar])

    def show(self, pose: Pose) -> NDArray[np.uint8]:
        """The portrait in a pose [shape=(side, side, 3)]."""
        target = self._turn(self._express(pose), pose)
        crown = np.column_stack([self._hair, np.zeros(len(self._hair))])
        rest = round(32 * (1 - pose.smile))
        self._source = ((self._smiling * (32 - rest) + self._rested * rest) >> 5) & _packed(np.full((1, 1, 3), 255))
        upper, lower = self._moves(target, self._turn(crown, replace(pose, pitch=0.4 * pose.pitch)))

        # Away from the lips the two fields differ little, and a mean of both is sampled.
        everywhere = np.arange(self.side)
        grid = np.arange(len(upper)) * GRID
        _, _, below = _lips(target, grid, grid)
        picture = self._sample(_widen(upper + below * (lower - upper), everywhere, everywhere))

        # At the lips: above the line between them the upper field moves the picture, below it the lower one.
        margin = 0.25 * self.unit
        rows = np.arange(int(target[1, 1]), int(target[152, 1]))
        across = np.arange(int(target[61, 0] - margin), int(target[291, 0] + margin))
        top, bottom, below = _lips(target, rows, across)
        field = _widen(upper, rows, across)
        over, under = (self._sample(moved).astype(np.float32) for moved in (field, _widen(lower, rows, across)))
        mouth, inside = self._mouth(over, field, rows[:, None], top, bottom, pose.rounding)
        skin = over + below * (under - over)
        blended = skin + inside[..., None] * (mouth - skin)
        picture[np.ix_(rows, across)] = np.clip(np.rint(blended), 0, 255).astype(np.uint8)
        return picture

    def _express(self, pose: Pose) -> Floats:
        """The mesh with this expression, before the head moves [shape=(468, 3)]."""
        points, unit = self.points.copy(), self.unit
        move = np.zeros((468, 2))
        relax = 1 - pose.smile
        along = (points[263, :2] - points[33, :2]) / self.unit
        across = np.array([-along[1], along[0]])
        width = (1 - 0.13) * float(np.linalg.norm(points[308, :2] - points[78, :2])) / 2
        for index in range(11):
            # -1 at the left corner of the mouth, 1 at the right one.
            place = index / 5 - 1
            arch = 1 - abs(place) ** 2.2
            # Where the lips meet at rest: smiling pulls this line's ends up and out.
            rest = points[13, :2] + along * width * place + across * unit * (0.015 + 0.06 * place**2)
            purse = -place * unit * (0.075 * pose.rounding + 0.02 * pose.jaw), 0
            upper, lower = points[UPPER_INNER[index], :2], points[LOWER_INNER[index], :2]
            lift = (0.05 * pose.jaw * relax + 0.02 * pose.rounding) * unit * arch
            parted = (0.18 + 0.08 * pose.rounding) * pose.jaw * unit * arch
            closed = relax + 0.28 * pose.smile * (arch > 0)
            move[UPPER_INNER[index]] = relax * (rest - upper) + purse - lift * across
            move[LOWER_INNER[index]] = closed * (rest - lower) + purse + parted * across
            full = 0.018 * unit * arch * (relax + pose.rounding) * across
            move[UPPER_OUTER[index]] = move[UPPER_INNER[index]] * (1, 0.9) - full
            move[LOWER_OUTER[index]] = move[LOWER_INNER[index]] * (1, 0.9) + full
        chin = 0.18 * pose.jaw * unit
        lips_lower = move[17, 1]
        for point in CHIN:
            move[point, 1] += 0.5 * lips_lower * (points[152, 1] > points[point, 1]) * 0.5 + 0.5 * chin
        for point in OVAL:
            drop = np.clip((points[point, 1] - points[13, 1]) / (points[152, 1] - points[13, 1]), 0, 1)
            move[point] += (points[152, 0] - points[point, 0]) * 0.04 * relax * drop, chin * drop**1.3
        cheek = 0.05 * unit * relax
        for point in CHEEKS:
            move[point, 1] += cheek * 0.6
        for point in BROWS:
            move[point, 1] -= 0.10 * unit * pose.brows
        move[10, 1] -= 0.02 * unit * pose.brows
        for upper_lid, lower_lid in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
            for above, under in zip(upper_lid, lower_lid, strict=True):
                gap = points[under, :2] - points[above, :2]
                move[above] += 0.95 * pose.lids * gap
                move[under] -= 0.12 * max(pose.lids, 0.0) * gap - (0, 0.005 * unit * relax)
        points[:, :2] += move
        return points

    def _turn(self, points: Floats, pose: Pose) -> Floats:
        """Points after the head's small turn about the neck [shape=(n, 2)]."""
        neck = self.points[152, :2] + (0, 0.3 * self.unit)
        flat = points[:, :2] - neck
        flat = flat + np.sin([pose.yaw, pose.pitch]) * (0.35 * self.unit - points[:, 2:])
        cosine, sine = np.cos(pose.roll), np.sin(pose.roll)
        turned: Floats = flat @ np.array([[cosine, sine], [-sine, cosine]]) + neck
        return turned

    def _moves(self, target: Floats, hair: Floats) -> tuple[Singles, Singles]:
        """How far from its source each place of a grid is, once as the upper lip moves it and once as the lower.

        The displacements of the known points, each weighted by the inverse fourth power of its distance.

        Returns:
            Two fields in pixels [shape=(n, n, 2) each], for every `GRID`-th pixel.

        Source: Shepard, "A two-dimensional interpolation function for irregularly-spaced data", ACM 1968.
        """
        grid = np.arange(0, self.side + GRID, GRID, dtype=np.float32)
        places = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)

        def pull(ends: Floats, moves: Floats) -> tuple[Singles, Singles]:
            x, y = ends.astype(np.float32).T
            near = (places[:, :1] - x) ** 2
            near += (places[:, 1:] - y) ** 2
            near += 1
            near *= near
            np.reciprocal(near, out=near)
            # Not by matrix product, whose threads wait for each other on a busy machine.
            return np.einsum("pn,nk->pk", near, moves.astype(np.float32)), near.sum(axis=1, keepdims=True)

        ends = np.concatenate([target[self._shared], hair, self._still])
        shared = pull(ends, np.concatenate([self.points[self._shared, :2], self._hair, self._still]) - ends)
        fields = []
        for lips in (
            [*UPPER_OUTER[1:-1], *UPPER_INNER[1:-1]],
            [*LOWER_OUTER[1:-1], *LOWER_INNER[1:-1], *CHIN],
        ):
            moves, weights = pull(target[lips], self.points[lips, :2] - target[lips])
            fields.append(((shared[0] + moves) / (shared[1] + weights)).reshape(len(grid), len(grid), 2))
        return fields[0], fields[1]

    def _sample(self, field: Singles) -> NDArray[np.uint8]:
        """The portrait at the places of a field, bilinear to 1/32 pixel [shape=(h, w, 3)].

        The three colours of a pixel lie in one integer, 20 bits apart, and are weighted together.
        """
        width = 2 * self.side
        place = np.clip(field * (2 * 32) + 16, 0, (width - 1) * 32 - 1).astype(np.int64)
        right, down = place[..., 0] & 31, place[..., 1] & 31
        index = (place[..., 1] >> 5) * width + (place[..., 0] >> 5)
        above = self._source.take(index) * (32 - right) + self._source.take(index + 1) * right
        index += width
        below = self._source.take(index) * (32 - right) + self._source.take(index + 1) * right
        mixed = above * (32 - down) + below * down + (512 | 512 << 20 | 512 << 40)
        return np.stack([(mixed >> shift & 255).astype(np.uint8) for shift in (10, 30, 50)], axis=-1)

    def _mouth(
        self, over: Singles, field: Singles, rows: NDArray[np.int64], top: Floats, bottom: Floats, rounding: float
    ) -> tuple[Floats, Floats]:
        """What parted lips show: the photograph's upper teeth, the dark behind them, a hint of tongue.

        Args:
            over: The picture around the lips as the upper lip moves it [shape=(h, w, 3)].
            field: Where it comes from [shape=(h, w, 2)].
            rows: Rows of it [shape=(h, 1)].
            top: Row of the upper lip's edge [shape=(w,)].
            bottom: Row of the lower lip's edge [shape=(w,)].
            rounding: How round the lips are.

        Returns:
            The inside of the mouth [shape=(h, w, 3)], and where it is to be seen, 0..1 [shape=(h, w)].
        """
        height = np.maximum(bottom - top, 1e-6)
        inside = np.clip(rows - top + 0.5, 0, 1) * np.clip(bottom - rows + 0.5, 0, 1) * np.clip(height / 3, 0, 1)
        depth = np.clip((rows - top) / height, 0, 1)[..., None]
        tongue = np.clip((depth - 0.55) / 0.45, 0, 1) * np.clip(height / 20, 0, 1)[:, None]
        cavity = (1 - tongue) * np.array([48.0, 18.0, 18.0]) + tongue * np.array([128.0, 58.0, 58.0])
        gums = np.interp(field[..., 0], *self.points[list(UPPER_INNER), :2].T)
        edge = np.interp(field[..., 0], *self.points[list(LOWER_INNER), :2].T)
        # Round lips cover the teeth; wide open ones leave them in the shade.
        teeth = np.clip((edge - 1.0 - field[..., 1]) / 2.0, 0, 1) * (edge > gums + 1) * (1 - 0.6 * rounding)
        shade = np.clip(height / 25, 0, 1)[:, None] * np.array([0.16, 0.20, 0.26])
        mouth = over * (1 - shade) * teeth[..., None] + cavity * (1 - teeth[..., None])
        return mouth, inside


def _lips(target: Floats, rows: NDArray[np.int64], across: NDArray[np.int64]) -> tuple[Floats, Floats, Singles]:
    """Where the lips' edges are, and how much a place belongs to what the lower lip moves.

    Args:
        target: The posed mesh [shape=(468, 2)].
        rows: Rows of pixels [shape=(h,)].
        across: Columns of pixels [shape=(w,)].

    Returns:
        Row of the upper and of the lower lip's edge [shape=(w,) each]; shares 0..1 [shape=(h, w, 1)].
    """
    top = np.interp(across, *target[list(UPPER_INNER)].T)
    bottom = np.maximum(np.interp(across, *target[list(LOWER_INNER)].T), top)
    outside = np.maximum(np.maximum(target[78, 0] - across, across - target[308, 0]), 0.0)
    reach = (rows[:, None] - (top + bottom) / 2) / (0.6 + 0.5 * outside)
    return top, bottom, (1 / (1 + np.exp(-np.clip(reach, -20, 20)))).astype(np.float32)[..., None]


def _widen(coarse: Singles, rows: NDArray[np.int64], across: NDArray[np.int64]) -> Singles:
    """Displacements on the grid as sources of pixels, bilinear [shape=(h, w, 2)]."""
    y, x = rows // GRID, across // GRID
    down, right = ((pixels % GRID / GRID).astype(np.float32)[:, None] for pixels in (rows, across))
    by_row = coarse[y] + down[..., None] * (coarse[y + 1] - coarse[y])
    result: Singles = by_row[:, x] + right * (by_row[:, x + 1] - by_row[:, x])
    result[..., 0] += across
    result[..., 1] += rows[:, None]
    return result


def _packed(pixels: NDArray[np.floating | np.integer]) -> NDArray[np.int64]:
    """Red, green and blue in one integer, 20 bits apart, row after row."""
    colours = np.rint(pixels).astype(np.int64).reshape(-1, 3)
    packed: NDArray[np.int64] = colours[:, 0] | colours[:, 1] << 20 | colours[:, 2] << 40
    return packed


def _scaled(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    import av

    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    return np.asarray(frame.reformat(width=side, height=side, interpolation="LANCZOS").to_ndarray(), dtype=np.uint8)
