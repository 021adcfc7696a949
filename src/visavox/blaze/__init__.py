"""MediaPipe's networks, run by LiteRT on numpy: what faces and bodies are found with alike."""
