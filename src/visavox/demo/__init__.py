"""The synthetic talker: a clip that visavox makes by itself, so that a first try needs no recording of anybody.

A public-domain portrait (Eileen Collins, NASA) is moved by warping its face mesh, and a formant synthesiser speaks
nonsense syllables in time with the mouth. Nobody ever said or felt what is seen and heard: file name, title, comment
and the report's notes say so.

The pose of its resting face was chosen while watching what a face network says of it, and its voice is far from any
that a network learned: what a model makes of the clip shows how a report looks, not how good the model is.
"""

from visavox.demo.talker import NAME, NOTE, make
from visavox.demo.voice import Speech, speak

__all__ = ["NAME", "NOTE", "Speech", "make", "speak"]
