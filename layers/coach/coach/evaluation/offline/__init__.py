"""The offline evaluator: deterministic, no network, English only.

evaluator    from an answer to its scores and feedback
asides       takes out what speaks to the grader
specificity  how much a text says that is particular to its case
cues         what speaks for each check, from cue_lists/
arithmetic   whether calculations come out
doubts       why an answer may be none: english, topic
"""

MODEL = "offline-2"
"""What its evaluations name as their model."""
