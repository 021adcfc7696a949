"""`stacking`: a CNN on cepstra and an LSTM on facial values, stacked by a perceptron."""

from visavox.protocols.named import WORDS_OF
from visavox.reproduce.systems.plan import GREY, TWO_ACTORS, Setting, System

WORDS = WORDS_OF["rml"]

SYSTEM = System(
    name="stacking",
    title="MFCC CNN and an LSTM on facial values, stacked by a perceptron",
    source="Emotion Recognition by Audio and Video, AI Lab, 2024",
    remarks=(
        "The report's 84 was chosen on its test part, and the part that chose the networks' epochs trained the "
        "perceptron too. Ours choose on clips of their own.",
        "Its 1172 clips of RAVDESS fit neither speech nor song alone; its other corpus, RML, is not at hand.",
        GREY,
    ),
    settings=(
        Setting(
            title="Speech of RAVDESS, heard; six words",
            rows=("voice",),
            own="ravdess-random",
            apart="ravdess-luna5",
            words=WORDS,
        ),
        Setting(
            title="Faces of two actors; six words",
            rows=("face", "mlp"),
            own="ravdess-faces-random",
            apart="ravdess-faces-actors",
            words=WORDS,
            apart_words=WORDS,
            about=f"Clips of actors 01 and 05, joined with their voices by take. {TWO_ACTORS}",
        ),
        Setting(
            title="Speech of RAVDESS and RML together, filmed; six words",
            rows=("voice", "face", "mlp"),
            own="ravdess-rml-random",
            apart="ravdess-rml-speakers",
            clips=("ravdess-video", "rml"),
            people=32,
        ),
        Setting(
            title="RML, filmed; six words",
            rows=("voice", "face", "mlp"),
            own="rml-random",
            apart="rml-loso",
            reported=dict.fromkeys(("voice", "face", "mlp")),
        ),
    ),
)
