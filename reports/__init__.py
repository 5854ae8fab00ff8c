"""The press: a frozen document in, bytes out. Knows the engine's nouns and the rendering libraries, nothing else."""
