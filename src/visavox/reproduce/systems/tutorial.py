"""`tutorial`: classic classifiers and small networks on one actor, early against late fusion."""

from visavox.protocols.named import WORDS_OF
from visavox.reproduce.systems.plan import GREY, SCRATCH, TWO_ACTORS, Setting, System

KINDS = ("gnb", "lda", "svm-linear", "svm-rbf", "cnn1d")
VOICE = tuple(f"{kind}-voice" for kind in KINDS)
FACE = tuple(f"{kind}-face" for kind in KINDS)
EARLY = tuple(f"{kind}-early" for kind in KINDS)
TWO = ("calm", "angry")

SYSTEM = System(
    name="tutorial",
    title="MFCC and face features, classic classifiers and 1D-CNNs, early against late fusion",
    source='lecture 27 of "Affective Computing", IIIT Delhi',
    remarks=(
        "The lecture's test is 7 clips: its figures, and ours beside them, are worth a show of hands. It prints 76 for "
        "voices on their training part and 100 for faces whose features had seen the test clips.",
        SCRATCH,
        GREY,
    ),
    settings=(
        Setting(
            title="Actor 1, heard: calm against angry, 32 clips",
            rows=VOICE,
            own="ravdess-01-random",
            apart="ravdess-luna5",
            apart_words=TWO,
            about="With speakers apart: the same two words, speech of all 24 actors.",
        ),
        Setting(
            title="Actor 5, seen: calm against angry, 16 clips",
            rows=(*FACE, *EARLY, "late"),
            own="ravdess-faces-05-random",
            apart="ravdess-faces-actors",
            apart_words=("happy", "angry"),
            about="No calm face of actor 1 is at hand; with speakers apart it is happy against angry, actors 01 and 05 "
            f"against each other. {TWO_ACTORS}",
        ),
        Setting(
            title="Speech, heard; eight words",
            rows=VOICE,
            own="ravdess-random-8words",
            apart="ravdess-luna5",
            reported=dict.fromkeys(VOICE),
            about="The same rows on the whole corpus, of which the lecture has no figure.",
        ),
        Setting(
            title="Faces of two actors; eight words",
            rows=(*FACE, *EARLY, "late"),
            own="ravdess-faces-random",
            apart="ravdess-faces-actors",
            apart_words=tuple(word for word in WORDS_OF["ravdess"] if word != "calm"),
            reported=dict.fromkeys((*FACE, *EARLY, "late")),
            about=f"Clips of actors 01 and 05, joined with their voices by take. {TWO_ACTORS}",
        ),
    ),
)
