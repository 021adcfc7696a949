"""Networks that hear emotion in a voice (torch), a file for each family; `visavox.voice.kinds` names them."""
