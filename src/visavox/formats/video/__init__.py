"""What an annotated video is made of: where people are, what is drawn there, and the sound."""
