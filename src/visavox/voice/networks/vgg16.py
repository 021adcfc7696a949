"""VGG16 over a mel picture (torch)."""

from __future__ import annotations

from torch import Tensor, nn

STAGES = ((1, 1), (2, 2), (4, 4, 4), (8, 8, 8), (8, 8, 8))
"""Channels of the convolutions as multiples of the first one's, each stage followed by a max-pool.

Source: Simonyan and Zisserman 2015, table 1, column D.
"""


class VGG16(nn.Module):
    """The thirteen convolutions of VGG16, from scratch, and a head for words.

    picture [n, h, w, 3] → 5 stages of convolutions 3 x 3 with ReLU (64, 128, 256, 512, 512), each with a max-pool 2 →
    mean over the picture → dense, ReLU: the features → dropout → words. 14 714 688 parameters before the head.

    Args:
        words: how many words.
        shape: of the input, (h, w, c); sides of at least 32.
        filters: channels of the first convolutions; 64 are VGG16's.
        dense: width of the head.
        dropout: of the features.

    Source: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015;
        "Audio-Visual Emotion Recognition System", Benha University, 2022, fine-tunes it on mel pictures. There it had
        learned ImageNet before; those weights are not at hand, so ours starts from scratch (as He et al., "Delving Deep
        into Rectifiers", 2015, draw weights), which is less than the report had. The head is not printed: a mean, a
        dense layer of 256 and dropout take the place of ImageNet's 4096 twice.
    """

    def __init__(
        self, *, words: int, shape: tuple[int, ...], filters: int = 64, dense: int = 256, dropout: float = 0.5
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = shape[2]
        for stage in STAGES:
            for width in (filters * times for times in stage):
                convolution = nn.Conv2d(before, width, 3, padding=1)
                nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
                if convolution.bias is not None:
                    nn.init.zeros_(convolution.bias)
                layers += [convolution, nn.ReLU()]
                before = width
            layers.append(nn.MaxPool2d(2))
        self.convolutions = nn.Sequential(*layers)
        self.dense = nn.Sequential(nn.Linear(before, dense), nn.ReLU())
        self.dropout = nn.Dropout(dropout)
        self.words = nn.Linear(dense, words)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Words of pictures [n, h, w, c]: logits [n, words], features [n, dense]."""
        features = self.dense(self.convolutions(picture.permute(0, 3, 1, 2)).mean(dim=(2, 3)))
        return self.words(self.dropout(features)), features
