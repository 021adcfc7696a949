"""`sistcm`: super images of faces, an LSTM over clips, and gestures of the body."""

from visavox.reproduce.systems.plan import GREY, SCRATCH, TWO_ACTORS, Setting, System

FACES = ("frame", "clip", "two-stream")
BODY = ("accm", "accm-upper")
BOTH = ("max", "average")
JOINT = ("joint-max", "joint-average")

SYSTEM = System(
    name="sistcm",
    title="Super images, a two-stream LSTM, and gestures of the body",
    source="report of 2024 after Wei et al., Expert Systems with Applications 237, 2024",
    remarks=(
        "The report splits frames at random, so that neighbouring frames of one clip are learned from and judged; ours "
        "split clips.",
        "Of its corpora, FER2013 is at hand whole and eNTERFACE'05 as landmarks alone; CK+, Aff-Wild2, RAF-DB and BRED "
        "are not. Gestures are learned from two small collections of motion in BRED's place.",
        SCRATCH,
        GREY,
    ),
    settings=(
        Setting(
            title="Faces of two actors; eight words",
            rows=FACES,
            own="ravdess-faces-random",
            apart="ravdess-faces-actors",
            reported=dict.fromkeys(FACES),
            about=f"Clips of actors 01 and 05 of RAVDESS, which the report does not have. {TWO_ACTORS}",
        ),
        Setting(
            title="Single pictures: FER2013; seven words",
            rows=("frame", "accm-image"),
            own="fer2013-official",
            reported={"frame": None},
            about="The official parts, without training pictures that have a twin in the test. Nobody knows who is "
            "who, so there is no column with speakers apart.",
        ),
        Setting(
            title="Single pictures: FER2013, three words, at most 300 to learn from",
            rows=JOINT,
            own="fer2013-official",
            words=("happy", "sad", "angry"),
            about="As in the report's code, both branches see one picture, and there are about 100 of each word.",
        ),
        Setting(
            title="Motion of three actors (Bandai-Namco); four words, 47 clips",
            rows=BODY,
            own="bandai-namco-random",
            apart="bandai-namco-actions",
            reported=dict.fromkeys(BODY),
            about="Its actors are not told apart: in the second column actions are (walk, bow …), and people are not.",
        ),
        Setting(
            title="Motion of two actors (Aalto); three words, 12 clips",
            rows=BODY,
            own="aalto-motion-random",
            apart="aalto-motion-loso",
            reported=dict.fromkeys(BODY),
            about=f"Twelve clips. {TWO_ACTORS}",
        ),
        Setting(
            title="BRED: children before a robot; seven words",
            rows=BODY,
            own="bred-random",
            apart="bred-loso",
            clips=("bred",),
            people=30,
        ),
        Setting(
            title="eNTERFACE'05, filmed; six words",
            rows=(*FACES, *BOTH),
            own="enterface-random",
            apart="enterface-loso",
            clips=("enterface",),
            people=42,
        ),
        Setting(
            title="CK+; seven words",
            rows=("frame",),
            own="ckplus-random",
            apart="ckplus-subject10",
            clips=("ckplus-peaks",),
            reported={"frame": 0.97},
            about="The report's 97 is about what it reads off its training curve.",
        ),
        Setting(title="RAF-DB; seven words", rows=("accm-image",), own="raf-db-official"),
        Setting(title="Aff-Wild2; seven words", rows=("frame",), own="aff-wild2-random", reported={"frame": None}),
    ),
)
