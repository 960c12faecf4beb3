"""Training the encoder and the reader, with sentence-transformers. It needs the extra ``train``."""
