"""The three models (SPEC section 4): timing, synthesis, vocoder.

Letters of shapes: B batch, N notes, T frames, M mel bands, L samples, D model width.
"""
