"""The nouns: what every part of the library talks about. No input or output, no data library."""
