"""`mobel`: a 3D-CNN on faces and a CRNN on sound, fused by brain emotional learning."""

from visavox.protocols.named import FIVE, SIX
from visavox.reproduce.systems.plan import GREY, TWO_ACTORS, Setting, System

VOICE = ("crnn", "crnn-text")
FUSED = ("decision", "feature")

SYSTEM = System(
    name="mobel",
    title="3D-CNN and CRNN, fused by a mixture of brain emotional learning",
    source="report of 2024 after Farhoudi and Setayeshi, Speech Communication 127, 2021",
    remarks=(
        "The report's test, actors 18 to 24, keeps speakers apart; its cross-validation deals clips at random, so that "
        "speakers are on both sides, and its code goes on training one network through all folds. Ours is a fresh one.",
        "Its 81.7 cannot be traced: the features are those of the networks' own training clips. Ours are out-of-fold.",
        GREY,
    ),
    settings=(
        Setting(
            title="Speech, heard: learn from actors 1 to 17, judge 18 to 24; six words",
            rows=VOICE,
            own="ravdess-17-7",
            apart="ravdess-luna5",
            words=SIX,
            about="Both columns keep speakers apart: the report's one split, and five folds.",
        ),
        Setting(
            title="Speech, heard: clips at random; six words",
            rows=VOICE,
            own="ravdess-random",
            about="What its cross-validation measures.",
        ),
        Setting(
            title="Faces of two actors; six words",
            rows=("cnn3d", *FUSED),
            own="ravdess-faces-random",
            apart="ravdess-faces-actors",
            words=SIX,
            apart_words=FIVE,
            about=f"Clips of actors 01 and 05 that have face and voice, joined by take. {TWO_ACTORS}",
        ),
        Setting(
            title="Speech, filmed: learn from actors 1 to 17, judge 18 to 24; six words",
            rows=("cnn3d", *FUSED),
            own="ravdess-17-7",
            apart="ravdess-luna5",
            words=SIX,
            clips=("ravdess-video",),
            people=24,
        ),
    ),
)
