"""Super images and two streams: networks of single pictures, of clips, and of videos that are rows of clips (torch).

Source of all: Wei et al., "Learning facial expression and body gesture visual information for video emotion
recognition", Expert Systems with Applications 237, 2024, and the report on it, whose listing differs from its text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from visavox.errors import OptionError
from visavox.layers.as_keras import LSTM

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's colours, by which pictures are scaled."""

WIDTHS = (64, 128, 256, 512)
"""Channels of the four stages of ResNet-18."""

Order = Literal["lines", "pictures"]


class FrameNetwork(nn.Module):
    """Single faces: a plain trunk whose map is read as a sequence by two recurrent streams.

    picture [n, h, w, 3] in 0..1 → scaled → 7x7 convolution, stride 2, 64 → max pooling 3x3, stride 2 → stages of 64,
    128, 256, 512, each of two [3x3 convolution, batch norm, ReLU], the later three halving height and width first → map
    of 7 x 7 x 512 (of a 224 x 224 picture) → its mean (the features) → scores; the map as 49 x 512 → `TwoStream`, whose
    second LSTM reads the scores of each of the 49 places → words.

    Args:
        words: how many words.
        shape: of the input, (height, width, 3).
        widths: channels of the stages.
        hidden: units of each LSTM.
        weights: λ and μ of the loss.

    Source: the report's code. As listed it cannot run: the map is handed on with the channels first and both LSTMs get
        it (ours: 49 x 512, and the second LSTM takes class scores). As listed there are no links around the
        convolutions, and no norm or ReLU after the first. Decided by us: one head scores each place and, by its mean,
        the picture; the two streams' words are averaged.
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        widths: Sequence[int] = WIDTHS,
        hidden: int = 128,
        weights: Sequence[float] = (1.0, 1.0),
    ) -> None:
        super().__init__()
        self.scale = Scale()
        layers: list[nn.Module] = [nn.Conv2d(shape[-1], widths[0], 7, 2, 3), nn.MaxPool2d(3, 2, 1)]
        channels = widths[0]
        for stage, width in enumerate(widths):
            for block in range(2):
                stride = 2 if stage and not block else 1
                convolution = nn.Conv2d(channels, width, 3, stride, 1, bias=False)  # the norm would undo a bias
                layers += [convolution, nn.BatchNorm2d(width), nn.ReLU()]
                channels = width
        self.trunk = nn.Sequential(*layers)
        self.scores = nn.Linear(channels, words)
        self.streams = TwoStream(channels, words, hidden)
        self.weights = tuple(weights)

    def judged(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of pictures [n, h, w, 3]: the trunk's scores, those of either stream [n, words], and features [n, 512]."""
        places = self.trunk(self.scale(pictures).permute(0, 3, 1, 2)).flatten(2).transpose(1, 2)
        scores = self.scores(places)
        first, second, _ = self.streams(places, scores)
        return scores.mean(dim=1), first, second, places.mean(dim=1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Words of pictures [n, h, w, 3] in 0..1: logits [n, words], features [n, 512]."""
        _, first, second, features = self.judged(pictures)
        return (first + second) / 2, features

    def loss(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy of the trunk's words, plus λ and μ times those of the two streams."""
        scores, first, second, _ = self.judged(inputs)
        return combined(targets, scores, first, second, self.weights)


class ClipNetwork(nn.Module):
    """Short clips of a face: ResNet-18 whose 3x3 convolutions go over super images.

    clip [n, t, h, w, 3] in 0..1 → scaled → per picture 7x7 convolution, stride 2, 64, batch norm, ReLU, max pooling
    3x3, stride 2 → four stages of two residual blocks, 64, 128, 256, 512, in which `SuperImageConvolution` stands for
    the 3x3 convolutions → mean over time and place (512 features) → scores.

    Args:
        words: how many words.
        shape: of the input, (pictures, height, width, 3); height and width are multiples of 32.
        widths: channels of the stages.
        order: of the lines in super images.

    Raises:
        OptionError: the pictures' sides are no multiples of 32.

    Source: as the file says. The published network began with ImageNet's weights; none are at hand, so this one
        begins from scratch. Links around blocks that change size are 1x1 convolutions of each picture, as in ResNet.
    """

    def __init__(
        self, *, words: int, shape: tuple[int, ...], widths: Sequence[int] = WIDTHS, order: Order = "lines"
    ) -> None:
        super().__init__()
        if shape[-3] % 32 or shape[-2] % 32:
            raise OptionError(f"Bad value {shape[-2]} for input.size: expected a multiple of 32.")
        self.scale = Scale()
        self.stem = nn.Conv2d(shape[-1], widths[0], 7, 2, 3, bias=False)
        self.norm = nn.BatchNorm2d(widths[0])
        blocks: list[nn.Module] = []
        channels = widths[0]
        for stage, width in enumerate(widths):
            for block in range(2):
                blocks.append(_Residual(channels, width, stride=2 if stage and not block else 1, order=order))
                channels = width
        self.blocks = nn.Sequential(*blocks)
        self.width = channels
        self.scores = nn.Linear(channels, words)

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        """Words of clips [n, t, h, w, 3] in 0..1: logits [n, words], features [n, 512]."""
        count, times = clips.shape[0], clips.shape[1]
        pictures = self.scale(clips).flatten(0, 1).permute(0, 3, 1, 2)
        seen = F.max_pool2d(torch.relu(self.norm(self.stem(pictures))), 3, 2, 1)
        maps = seen.reshape(count, times, *seen.shape[1:]).transpose(1, 2)
        features = self.blocks(maps).mean(dim=(2, 3, 4))
        return self.scores(features), features


class VideoNetwork(nn.Module):
    """Videos: a clip network sees their clips, two streams follow its features and its scores; all learned together.

    video [n, c, t, h, w, 3] in 0..1 → `ClipNetwork` of each clip → `TwoStream` over the c clips → words. The features
    are the last state of the stream of features.

    Args:
        words: how many words.
        shape: of the input, (clips, pictures, height, width, 3).
        widths: channels of the clip network's stages.
        hidden: units of each LSTM.
        weights: λ and μ of the loss.
        order: of the lines in super images.

    Source: as the file says. Loss: L1 (scores of the clips, each against the video's word) + λ L2 (E1) + μ L3 (E2);
        λ and μ are not given (ours: 1). E1 and E2 are "fused" to E (ours: averaged).
    """

    def __init__(
        self,
        *,
        words: int,
        shape: tuple[int, ...],
        widths: Sequence[int] = WIDTHS,
        hidden: int = 128,
        weights: Sequence[float] = (1.0, 1.0),
        order: Order = "lines",
    ) -> None:
        super().__init__()
        self.clips = ClipNetwork(words=words, shape=shape[1:], widths=widths, order=order)
        self.streams = TwoStream(self.clips.width, words, hidden)
        self.weights = tuple(weights)

    def judged(self, videos: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Of videos [n, c, t, h, w, 3]: scores of clips [n, c, words], of both streams [n, words]; features."""
        count, clips = videos.shape[0], videos.shape[1]
        scores, features = (part.reshape(count, clips, -1) for part in self.clips(videos.flatten(0, 1)))
        return scores, *self.streams(features, scores)

    def forward(self, videos: Tensor) -> tuple[Tensor, Tensor]:
        """Words of videos [n, c, t, h, w, 3] in 0..1: logits [n, words], features [n, 128]."""
        _, first, second, features = self.judged(videos)
        return (first + second) / 2, features

    def loss(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy of the clips' words, plus λ and μ times those of the two streams."""
        scores, first, second, _ = self.judged(inputs)
        each = targets[:, None].expand(-1, scores.shape[1], -1).flatten(0, 1)
        return combined(targets, scores.flatten(0, 1), first, second, self.weights, each)


class TwoStream(nn.Module):
    """Two LSTMs over a sequence: one reads features, one reads class scores; each ends in words.

    Args:
        features: values of a step of the first sequence.
        words: values of a step of the second, and of what both give.
        hidden: units of each LSTM.
    """

    def __init__(self, features: int, words: int, hidden: int = 128) -> None:
        super().__init__()
        self.features = LSTM(features, hidden)
        self.scores = LSTM(words, hidden)
        self.first = nn.Linear(hidden, words)
        self.second = nn.Linear(hidden, words)

    def forward(self, features: Tensor, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """E1 and E2 [n, words] of features [n, steps, d] and class scores [n, steps, words]; E1's last state."""
        state = self.features(features)[:, -1]
        return self.first(state), self.second(self.scores(scores)[:, -1]), state


class SuperImageConvolution(nn.Module):
    """A 3x3 convolution over a clip by way of its two super images.

    A clip h x w x t is written as one picture h x (w t) and as another (h t) x w. The same kernels go over both; their
    maps are folded back to h x w x t and added, weighed by α = softmax(W_α [X_H, X_W]).

    Args:
        channels: of the clip.
        width: of the result.
        stride: 2 keeps every second line and column of each picture, after the folding.
        order: "lines": the same line of following pictures lies side by side, so that kernels see time (what
            reshaping h x w x t to h x (w t) does); "pictures": whole pictures do, and only their edges meet.

    Raises:
        OptionError: there is no such order.

    Source: as the file says. The text leaves open how lines are ordered (ours: lines), and over what W_α goes (ours:
        the means of both maps; one weight for each of the two super images of a clip).
    """

    def __init__(self, channels: int, width: int, *, stride: int = 1, order: Order = "lines") -> None:
        super().__init__()
        if order not in ("lines", "pictures"):
            raise OptionError.one_of("network.order", order, ("lines", "pictures"))
        self.order: Order = order
        self.stride = stride
        self.convolution = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.weigh = nn.Linear(2 * width, 2, bias=False)

    def forward(self, clips: Tensor) -> Tensor:
        """Maps [n, width, t, h, w] of clips [n, channels, t, h, w]."""
        times = clips.shape[2]
        folded = [
            fold(self.convolution(unfold(clips, axis, self.order)), times, axis, self.order)[
                ..., :: self.stride, :: self.stride
            ]
            for axis in (4, 3)
        ]
        means = torch.cat([maps.mean(dim=(2, 3, 4)) for maps in folded], dim=1)
        alpha = torch.softmax(self.weigh(means), dim=1)[:, :, None, None, None, None]
        return folded[0] * alpha[:, 0] + folded[1] * alpha[:, 1]


def unfold(clips: Tensor, axis: int, order: Order = "lines") -> Tensor:
    """Super images of clips [n, c, t, h, w]: [n, c, h, w t] along axis 4, [n, c, h t, w] along axis 3.

    Example:
        >>> clip = torch.arange(8.0).reshape(1, 1, 2, 2, 2)  # two pictures of 2 x 2: 0 to 3, then 4 to 7
        >>> unfold(clip, 4)[0, 0].tolist()
        [[0.0, 4.0, 1.0, 5.0], [2.0, 6.0, 3.0, 7.0]]
        >>> unfold(clip, 4, "pictures")[0, 0].tolist()
        [[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0]]
    """
    if axis == 4:
        clips = clips.permute(0, 1, 3, 4, 2) if order == "lines" else clips.permute(0, 1, 3, 2, 4)
        return clips.flatten(3, 4)
    clips = clips.permute(0, 1, 3, 2, 4) if order == "lines" else clips
    return clips.flatten(2, 3)


def fold(images: Tensor, times: int, axis: int, order: Order = "lines") -> Tensor:
    """Clips [n, c, t, h, w] of the super images that `unfold` made of them."""
    n, c, height, width = images.shape
    if axis == 4:
        if order == "lines":
            return images.reshape(n, c, height, width // times, times).permute(0, 1, 4, 2, 3)
        return images.reshape(n, c, height, times, width // times).permute(0, 1, 3, 2, 4)
    if order == "lines":
        return images.reshape(n, c, height // times, times, width).permute(0, 1, 3, 2, 4)
    return images.reshape(n, c, times, height // times, width)


def combined(
    targets: Tensor,
    scores: Tensor,
    first: Tensor,
    second: Tensor,
    weights: Sequence[float],
    each: Tensor | None = None,
) -> Tensor:
    """L1 + λ L2 + μ L3: cross-entropies [n, words] with targets [n, words], those of L1 with `each` where given."""

    def lost(logits: Tensor, wanted: Tensor) -> Tensor:
        return -(wanted * torch.log_softmax(logits.float(), dim=1)).sum(dim=1).mean()

    own = lost(scores, targets if each is None else each)
    return own + weights[0] * lost(first, targets) + weights[1] * lost(second, targets)


class Scale(nn.Module):
    """Colours [..., 3] in 0..1, less ImageNet's mean, over its deviation."""

    def __init__(self) -> None:
        super().__init__()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.tensor(MEAN), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION), persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures, scaled."""
        return (pictures - self.mean) / self.deviation


class _Residual(nn.Module):
    """ResNet's basic block over clips."""

    def __init__(self, channels: int, width: int, *, stride: int, order: Order) -> None:
        super().__init__()
        self.first = SuperImageConvolution(channels, width, stride=stride, order=order)
        self.first_norm = nn.BatchNorm3d(width)
        self.second = SuperImageConvolution(width, width, order=order)
        self.second_norm = nn.BatchNorm3d(width)
        self.shortcut: nn.Module | None = None
        if stride != 1 or channels != width:
            link = nn.Conv3d(channels, width, 1, (1, stride, stride), bias=False)
            self.shortcut = nn.Sequential(link, nn.BatchNorm3d(width))

    def forward(self, clips: Tensor) -> Tensor:
        inner = torch.relu(self.first_norm(self.first(clips)))
        outer = self.second_norm(self.second(inner))
        return torch.relu(outer + (clips if self.shortcut is None else self.shortcut(clips)))
