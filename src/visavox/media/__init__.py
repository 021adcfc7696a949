"""A recording as time-stamped pictures and sound: any container that FFmpeg reads, one pass, bounded memory.

One clock: seconds of presentation time, 0 being the recording's first picture or sample, whichever is earlier.
Pictures carry their own time stamps; sound is 16 kHz without holes (what the file leaves out is silence), so that the
number of a sample and the clock agree.

Pictures and sound are decoded by a thread each, ahead of whoever reads them, from two openings of the file: so their
order does not depend on how the file interleaves them, and a stream that ends early holds nobody up.
"""

from visavox.media.pictures import Picture
from visavox.media.recording import Recording, open_recording, read_pictures, read_sound
from visavox.media.sound import SOUND_RATE, Sound

__all__ = ["SOUND_RATE", "Picture", "Recording", "Sound", "open_recording", "read_pictures", "read_sound"]
