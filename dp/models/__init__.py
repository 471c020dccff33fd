"""The three models of the publication (Dong et al., ICASSP 2022): timing, synthesis, vocoder; and its baseline.

Letters of shapes: B batch, N notes, T frames, M mel bands, L samples, D model width.
"""
