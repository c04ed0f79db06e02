"""The offline evaluator: deterministic, no network, English only. docs/grading.md says how a score comes about.

evaluator    from readings to scores
reading      what is seen in an answer
feedback     what is said beside the scores
asides       takes out what speaks to the grader
topic        which sentences have to do with the question, and whether the whole answers it
specificity  how much a sentence says that is particular to its case
cues         the word lists: words.toml, and cue_lists/ by which the sentence to show for a check is found
english      the words of English, and how often they are used
"""

MODEL = "offline-3"
"""What its evaluations name as their model."""
