"""`lrcn`: cepstra through convolutions, faces through an LRCN, fused late."""

from visavox.protocols.named import FIVE, SIX
from visavox.reproduce.systems.plan import GREY, SCRATCH, TWO_ACTORS, Setting, System

FACES = ("lrcn-base", "lrcn", "convlstm-base", "convlstm")
FUSED = ("late-lr", "late-svm-linear", "late-svm-rbf", "late-svm-sigmoid", "late-knn", "late-mlp")

SYSTEM = System(
    name="lrcn",
    title="MFCC 1D-CNN and LRCN on faces, fused late",
    source="Audio-Visual Emotion Recognition System, Benha University, 2022",
    remarks=(
        "The report's splits are random: clips of one speaker, and of one sentence, are learned from and judged. It "
        "says itself that faces were remembered: split by speakers, such systems fell from 95 to 21.",
        SCRATCH,
        GREY,
    ),
    settings=(
        Setting(
            title="Speech and song, heard; six words, 2068 clips",
            rows=("cnn1d-base", "cnn1d", "cnn-transformer", "cnn2d-6"),
            own="ravdess-speech-song-random",
            apart="ravdess-speech-song-luna5",
            reported={"cnn-transformer": 0.8086},
            sweeps=("cnn1d",),
            about="A singer is who spoke: in the column with speakers apart, song goes where the actor's speech goes.",
        ),
        Setting(
            title="Speech, heard; eight words",
            rows=(
                "cnn-transformer",
                "stacked-cnn-attention-lstm",
                "parallel-cnn-attention-lstm",
                "vgg16-mel",
                "svm-linear",
                "svm-rbf",
                "svm-poly3",
                "svm-poly4",
                "mlp-voice",
            ),
            own="ravdess-random-8words",
            apart="ravdess-luna5",
            sweeps=("cnn-transformer",),
            about="The report has 16 actors for the parallel network; vgg16-mel began with ImageNet's weights there.",
        ),
        Setting(
            title="Faces of two actors; six words",
            rows=(*FACES, "geometry", *FUSED),
            own="ravdess-faces-random",
            apart="ravdess-faces-actors",
            words=SIX,
            apart_words=FIVE,
            sweeps=("lrcn",),
            about=f"Clips of actors 01 and 05, joined with their voices by take. {TWO_ACTORS} Calm, which only one of "
            "them has, is left out with speakers apart.",
        ),
        Setting(
            title="Landmarks of eNTERFACE'05; six words, five subjects",
            rows=("geometry",),
            own="enterface-random",
            apart="enterface-loso",
            clips=("enterface-landmarks",),
            about="Points of faces without pictures; leave one subject out.",
        ),
        Setting(
            title="Speech and song, filmed; six words, all 24 actors",
            rows=(*FACES, "geometry", *FUSED),
            own="ravdess-speech-song-random",
            apart="ravdess-speech-song-luna5",
            clips=("ravdess-video", "ravdess-song-video"),
            people=24,
        ),
        Setting(
            title="SAVEE; five words, 360 clips",
            rows=("cnn1d", *FACES, "late-mlp"),
            own="savee-random",
            apart="savee-loso",
            words=FIVE,
            reported={
                "cnn1d": 0.7917,
                "lrcn-base": 0.8681,
                "lrcn": 0.9524,
                "convlstm-base": 0.9167,
                "convlstm": 0.9444,
                "late-mlp": 0.9583,
            },
        ),
    ),
)
