"""Grades without a model: by words and patterns, each point backed by the sentence that made it.

For every check, a sentence counts when it has one of the check's cues. What it counts for is how specific it is, seen
together with the answer that it stands in (see specificity.py), and whether its proof (a reason, a figure, a
comparison) stands in it or in the next sentence. Text about the grading counts for nothing, and an answer that is no
English or has nothing to do with its question gets a low score whatever it says. English only. It sees form and not
truth, which is why its scores are labelled offline wherever they are shown.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from itertools import zip_longest

from coach.evaluation.frameworks import suggested_framework
from coach.evaluation.offline import MODEL
from coach.evaluation.offline.arithmetic import Calculation, calculations
from coach.evaluation.offline.asides import without_asides
from coach.evaluation.offline.cues import Cues, check_cues, vocabulary
from coach.evaluation.offline.doubts import Doubt, asks_for_story, contains, doubt_about, own_action
from coach.evaluation.offline.specificity import Worth, mean, worths
from coach.evaluation.probes import next_probe
from coach.evaluation.rubric import Check, Rubric, RubricCriterion, rubric
from coach.evaluation.scoring import EARNED, Finding, Scores, Verdict, score
from coach.evaluation.text import Sentence, as_meant, sentences, words
from coach.model import Category, Evaluation, Evaluator, FollowUp, Question, Turn

CONTEXT_WORDS = 60
MET_FROM = 0.55
PARTIAL_FROM = 0.1
UNPROVEN = 0.2
"""The specificity in its context from which a sentence makes a check met, or partial, and what it lacks without proof:
the best of a grid on the part of the golden set to build on."""

SPOKEN_MAX = 3
STRENGTHS_MAX = 3
IMPROVEMENTS_MAX = 4

_COUNTS = frozenset({"million", "billion", "half", "percent", "twice"})
_SEVERAL = frozenset({"two", "three", "several", "second", "other", "both"})
_NO_CUES = frozenset(
    {
        *("grammar", "trade", "frameworks", "irregular_past", "no_action", "planned", "story_wanted", "own_choice"),
        *("counts", "times", "persons", "limits", "money", "praise", "jargon", "to_the_grader", "of_grading"),
    }
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the offline evaluator sees in one sentence: how many words speak for each cue, in it and in its heading, and
    how specific they are."""

    sentence: Sentence
    cues: Counter[str]
    heading_cues: Counter[str]
    worth: Worth


@dataclass(frozen=True, slots=True)
class Made:
    """What one sentence makes of one check: by how many of its cues it speaks of it, and how specifically."""

    finding: Finding
    spoken: int
    strength: float


@dataclass(frozen=True, slots=True)
class View:
    """What the offline evaluator makes of what has been said so far, and what it finds in the newest answer."""

    answer: str
    said: list[Sentence]
    sums: list[Calculation]
    findings: dict[str, Finding]
    doubt: Doubt | None
    left_out: int


class OfflineEvaluator:
    """Deterministic, no network. Safe to share between threads and event loops."""

    kind = Evaluator.OFFLINE

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock

    async def evaluate(self, question: Question, answer_text: str, follow_up: FollowUp | None = None) -> Evaluation:
        return self.grade(question, answer_text, follow_up)

    def grade(self, question: Question, answer_text: str, follow_up: FollowUp | None = None) -> Evaluation:
        """A follow-up is read together with what was said before, and no worse than that alone: of each check the best
        counts, and a doubt only if it was there from the beginning."""
        graded_by = rubric(question.category).for_(follow_up)
        views: list[View] = []
        for so_far, asked in _texts(question, answer_text, follow_up):
            views.append(_view(question, graded_by, so_far, asked, views[-1].said if views else []))
        whole = views[-1]
        earlier = [turn.answer for turn in follow_up.earlier] if follow_up else []
        scores = score(graded_by, _best(graded_by, views), answer_text, *earlier)
        doubt = whole.doubt if all(view.doubt for view in views) else None
        if doubt:
            scores = _capped(scores, doubt.cap)
        return Evaluation(
            overall=scores.overall,
            framework=scores.framework,
            structure=scores.structure,
            completeness=scores.completeness,
            strengths=() if doubt else tuple(_strengths(graded_by, scores)),
            improvements=tuple(_improvements(graded_by, scores, whole.sums, doubt, left_out=whole.left_out)),
            suggested_framework=suggested_framework(graded_by, question, whole.answer),
            example_point=_weakest(graded_by, scores)[0].example,
            criteria=scores.criteria,
            evaluator=Evaluator.OFFLINE,
            model=MODEL,
            rubric_version=graded_by.version,
            evaluated_at=self._clock(),
            input_tokens=0,
            output_tokens=0,
            follow_up=next_probe(graded_by, scores, follow_up),
        )


def _texts(question: Question, answer_text: str, follow_up: FollowUp | None) -> Iterator[tuple[str, str]]:
    """What has been said after each answer, and what had been asked: the answer alone, if it follows up nothing.

    A probe is the heading that its answer stands under: that says what "the second of them" is, and ends the section
    that the answer before it was in.
    """
    turns = [*follow_up.earlier, Turn(asked=follow_up.probe, answer=answer_text)] if follow_up else []
    said, asked = "", question.question_text
    for turn in turns or [Turn(asked=None, answer=answer_text)]:
        if turn.asked:
            said, asked = f"{said}\n\n# {turn.asked.question}\n\n", f"{asked} {turn.asked.question}"
        said += turn.answer
        yield said, asked


def _view(question: Question, graded_by: Rubric, text: str, asked: str, said_before: list[Sentence]) -> View:
    written = as_meant(text)
    answer = without_asides(written)
    sums = calculations(answer)
    said = sentences(answer)
    before = {sentence.words for sentence in said_before}
    readings = _readings(question, said, sums, words(asked))
    newest = [reading for reading in readings if reading.sentence.words not in before]
    return View(
        answer=answer,
        said=said,
        sums=sums,
        findings={finding.check_id: finding for finding in _findings(graded_by, newest, sums)},
        doubt=doubt_about(question, written, answer, said),
        left_out=len(sentences(written)) - len(said),
    )


def _best(graded_by: Rubric, views: list[View]) -> list[Finding]:
    """The best finding of each check, of equals the newest."""
    return [
        max((view.findings[check.id] for view in reversed(views)), key=lambda finding: EARNED[finding.verdict])
        for check in graded_by.checks
    ]


class _Lexicon:
    """Which cues a row of words contains, by look-up, so that no text can make it slow."""

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        self._words: dict[str, set[str]] = {}
        self._stems: dict[str, set[str]] = {}
        self._phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for cue, entry in entries:
            head, *rest = entry.split()
            if rest:
                self._phrases.setdefault(head, []).append((tuple(rest), cue))
            elif head.endswith("*"):
                self._stems.setdefault(head[:-1], set()).add(cue)
            else:
                self._words.setdefault(head, set()).add(cue)
        self._longest_stem = max(map(len, self._stems), default=0)
        self._of_word = lru_cache(maxsize=4096)(self._look_up)

    def cues(self, row: Sequence[str]) -> Counter[str]:
        found: Counter[str] = Counter()
        for word in set(row):
            found.update(self._of_word(word))
        for place, word in enumerate(row):
            for rest, cue in self._phrases.get(word, ()):
                following = row[place + 1 : place + 1 + len(rest)]
                if len(following) == len(rest) and all(map(_fits, following, rest)):
                    found[cue] += 1
        return found

    def _look_up(self, word: str) -> frozenset[str]:
        stems = (word[:length] for length in range(2, min(len(word), self._longest_stem) + 1))
        return frozenset(self._words.get(word, set()).union(*(self._stems.get(stem, ()) for stem in stems)))


def _fits(word: str, pattern: str) -> bool:
    if pattern == "#":
        return word[0].isdigit()
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


@cache
def _lexicon(category: Category) -> _Lexicon:
    lists = [(name, entry) for name, entries in vocabulary().items() if name not in _NO_CUES for entry in entries]
    return _Lexicon(lists + [(check, cue) for check, its in check_cues(category).items() for cue in its.entries])


def _readings(question: Question, answer: list[Sentence], sums: list[Calculation], asked: list[str]) -> list[Reading]:
    """Every sentence as seen. One that only shrugs or repeats what was asked has no cues and proves nothing."""
    lexicon = _lexicon(question.category)
    story = asks_for_story(question)
    asked_triples = set(_triples(asked))
    readings = []
    for sentence, worth in zip(answer, worths((each.words for each in answer), asked), strict=True):
        triples = _triples(sentence.words)
        cues = lexicon.cues(sentence.words)
        if "shrug" in cues or sum(triple in asked_triples for triple in triples) > len(triples) / 2:
            readings.append(Reading(sentence, Counter(), Counter(), Worth(min(worth.total, 0.0), worth.count)))
        else:
            cues.update(_worked_out(sentence, sums, past=story))
            readings.append(Reading(sentence, cues, lexicon.cues(sentence.heading), worth))
    return readings


def _triples(said: Sequence[str]) -> list[tuple[str, ...]]:
    return list(zip(said, said[1:], said[2:], strict=False))


def _worked_out(sentence: Sentence, sums: list[Calculation], *, past: bool) -> set[str]:
    """The cues that are no word lists."""
    cues = set()
    said = sentence.words
    if any(word[0].isdigit() for word in said) or not _COUNTS.isdisjoint(said):
        cues.add("number")
    if sentence.text.count(",") >= 2 or not _SEVERAL.isdisjoint(said):
        cues.add("several")
    if own_action(said) or (not past and contains(said, vocabulary()["planned"])):
        cues.add("own_action")
    if any(one.holds and one.text in sentence.text for one in sums):
        cues.add("arithmetic")
    return cues


def _capped(scores: Scores, cap: int) -> Scores:
    return replace(
        scores,
        overall=min(scores.overall, cap),
        framework=min(scores.framework, cap),
        structure=min(scores.structure, cap),
        completeness=min(scores.completeness, cap),
        criteria=tuple(replace(criterion, score=min(criterion.score, cap)) for criterion in scores.criteria),
    )


def _findings(graded_by: Rubric, readings: list[Reading], sums: list[Calculation]) -> list[Finding]:
    specificity = mean([reading.worth for reading in readings])
    looks = check_cues(graded_by.category)
    quoted: Counter[str] = Counter()
    findings = [_finding(check, looks[check.id], readings, specificity, quoted) for check in graded_by.checks]
    of_arithmetic = {check for check, its in looks.items() if its.proof == ("arithmetic",)}
    return [_recalculated(finding, sums) if finding.check_id in of_arithmetic else finding for finding in findings]


def _recalculated(finding: Finding, sums: list[Calculation]) -> Finding:
    """Calculating correctly is not met by one calculation that is right among others that are wrong."""
    wrong = len(_wrong(sums))
    if 2 * wrong >= len(sums):
        return Finding(finding.check_id, Verdict.ABSENT)
    return replace(finding, verdict=Verdict.PARTIAL) if wrong and finding.quotes else finding


def _finding(check: Check, its: Cues, readings: list[Reading], specificity: float, quoted: Counter[str]) -> Finding:
    """The best that a sentence makes of a check; of equals the one that speaks of it most and was quoted least."""
    best = max(
        _made(check, its, readings, specificity),
        key=lambda made: (EARNED[made.finding.verdict], made.spoken - quoted[made.finding.quotes[0]], made.strength),
        default=None,
    )
    if best is None:
        return Finding(check.id, Verdict.ABSENT)
    quoted[best.finding.quotes[0]] += 1
    return best.finding


def _made(check: Check, its: Cues, readings: list[Reading], specificity: float) -> Iterator[Made]:
    """What every sentence with a cue of the check makes of it; a question is at most a beginning."""
    subjects = its.lists | {check.id}
    groups = [set(group.split("|")) for group in its.proof]
    for reading, following in zip_longest(readings, readings[1:]):
        spoken = sum(reading.cues[subject] + reading.heading_cues[subject] for subject in subjects)
        if not spoken:
            continue
        strength, quotes = reading.worth.in_context(specificity, CONTEXT_WORDS), [reading.sentence.text]
        if not _proves(groups, reading.cues.keys()):
            if following and _proves(groups, reading.cues.keys() | following.cues.keys()):
                quotes.append(following.sentence.text)
            else:
                strength -= UNPROVEN
        verdict = Verdict.MET if strength >= MET_FROM and not reading.sentence.asks else Verdict.PARTIAL
        if strength >= PARTIAL_FROM:
            yield Made(Finding(check.id, verdict, tuple(quotes)), min(spoken, SPOKEN_MAX), strength)


def _wrong(sums: list[Calculation]) -> list[Calculation]:
    return [one for one in sums if not one.holds]


def _proves(groups: list[set[str]], cues: Set[str]) -> bool:
    return all(not group.isdisjoint(cues) for group in groups)


def _strengths(graded_by: Rubric, scores: Scores) -> list[str]:
    """What is met, the best criteria first, each by a sentence that no other strength has quoted; or what is begun."""
    return _quoted(graded_by, scores, Verdict.MET, "the answer") or _quoted(
        graded_by, scores, Verdict.PARTIAL, "in part, the answer"
    )


def _quoted(graded_by: Rubric, scores: Scores, verdict: Verdict, begins: str) -> list[str]:
    said: dict[str, str] = {}
    for criterion in sorted(graded_by.criteria, key=lambda criterion: -_earned(criterion, scores)):
        for check, finding in _pairs(criterion, scores):
            if finding.verdict is not verdict:
                continue
            quote = finding.quotes[0]
            if quote not in said and not quote.endswith("?"):
                said[quote] = f"{criterion.name}: {begins} {check.text}, as in “{_short(quote)}”"
                break
    return list(said.values())[:STRENGTHS_MAX]


def _improvements(
    graded_by: Rubric, scores: Scores, sums: list[Calculation], doubt: Doubt | None, left_out: int
) -> list[str]:
    """What to do better, the most valuable first; nothing that somebody wrote is passed over in silence."""
    said = [doubt.advice] if doubt else []
    said.extend(f"Calculate “{_short(one.text)}” again: it does not come out." for one in _wrong(sums))
    for criterion in _weakest(graded_by, scores):
        check, finding = min(_pairs(criterion, scores), key=lambda pair: EARNED[pair[1].verdict])
        if finding.verdict is Verdict.ABSENT:
            said.append(f"{criterion.name}: no sentence was found that clearly {check.text}.")
        elif finding.verdict is Verdict.PARTIAL:
            quote = _short(finding.quotes[0])
            better = "A figure, a name or a reason that only this case has would make it count in full"
            said.append(f"{criterion.name}: “{quote}” counts in part, since a strong answer {check.text}. {better}.")
    if left_out <= 0:
        return said[:IMPROVEMENTS_MAX]
    how_many = "1 sentence" if left_out == 1 else f"{left_out} sentences"
    return [
        *said[: IMPROVEMENTS_MAX - 1],
        f"Left out of the grading, as no English or as addressed to the grader: {how_many}.",
    ]


def _pairs(criterion: RubricCriterion, scores: Scores) -> list[tuple[Check, Finding]]:
    return [(check, scores.findings[check.id]) for check in criterion.checks]


def _earned(criterion: RubricCriterion, scores: Scores) -> float:
    return criterion.weight * float(sum(EARNED[finding.verdict] for _, finding in _pairs(criterion, scores)))


def _weakest(graded_by: Rubric, scores: Scores) -> list[RubricCriterion]:
    """The criteria in the order of what they cost the overall score."""
    return sorted(
        graded_by.criteria,
        key=lambda criterion: _earned(criterion, scores) / len(criterion.checks) - criterion.weight,
    )


def _short(quote: str) -> str:
    return quote if len(quote) <= 140 else quote[:140].rsplit(None, 1)[0] + " …"
