"""Grades without a model: by words and patterns, each point backed by the sentence that made it.

For every check, a sentence counts when it has one of the check's cues and says something of its own: words beyond the
question's and beyond what every answer says. It makes the check met when its proof (a reason, a figure, a comparison)
stands in it or in the next sentence, partial otherwise. Framework names prove nothing, nor does text about the grading,
nor an answer that has nothing to do with the question. English only. It sees form and not truth, which is why its
scores are labelled offline wherever they are shown.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache, lru_cache
from operator import itemgetter

from coach.evaluation.arithmetic import Calculation, calculations
from coach.evaluation.gates import addresses_grader, common_words, framework_names, frameworks_named
from coach.evaluation.rubric import FRAMEWORK_MAX_CHARS, Check, Rubric, RubricCriterion, rubric, vocabulary
from coach.evaluation.scoring import EARNED, Finding, Scores, Verdict, score
from coach.evaluation.text import Sentence, sentences, words
from coach.evaluation.topic import is_about
from coach.model import Category, Evaluation, Evaluator, Question

MODEL = "offline-1"

OWN_WORDS_FOR_PARTIAL = 2
OWN_WORDS_FOR_MET = 7
OWN_ACTIONS_OF_A_STORY = 3
FEW_OWN_ACTIONS = 2
STORY_SHARE = 0.3
OFF_TOPIC_CAP = 25
STRENGTHS_MAX = 3
IMPROVEMENTS_MAX = 4

_COUNTS = frozenset({"million", "billion", "half", "percent", "twice"})
_SEVERAL = frozenset({"two", "three", "several", "second", "other", "both"})
_NO_CUES = frozenset({"grammar", "trade", "frameworks", "irregular_past", "no_action", "planned", "story_wanted"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What the offline evaluator sees in one sentence: how many words speak for each cue, in it and in its heading."""

    sentence: Sentence
    cues: Counter[str]
    heading_cues: Counter[str]
    own_words: int


class OfflineEvaluator:
    """Deterministic, no network. Safe to share between threads and event loops."""

    kind = Evaluator.OFFLINE

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock

    async def evaluate(self, question: Question, answer_text: str) -> Evaluation:
        return self.grade(question, answer_text)

    def grade(self, question: Question, answer_text: str) -> Evaluation:
        graded_by = rubric(question.category)
        sums = calculations(answer_text)
        said = [sentence for sentence in sentences(answer_text) if not addresses_grader(sentence.text)]
        readings = _readings(question, said, sums)
        scores = score(graded_by, _findings(graded_by, readings, sums), answer_text)
        on_topic = _on_topic(question, answer_text, said)
        if not on_topic:
            scores = _capped(scores)
        return Evaluation(
            overall=scores.overall,
            framework=scores.framework,
            structure=scores.structure,
            completeness=scores.completeness,
            strengths=tuple(_strengths(graded_by, scores)),
            improvements=tuple(_improvements(graded_by, scores, sums, [] if on_topic else [_off_topic(question)])),
            suggested_framework=suggested_framework(graded_by, answer_text),
            example_point=_weakest(graded_by, scores)[0].example,
            criteria=scores.criteria,
            evaluator=Evaluator.OFFLINE,
            model=MODEL,
            rubric_version=graded_by.version,
            evaluated_at=self._clock(),
            input_tokens=0,
            output_tokens=0,
            raw_reply=None,
        )


def suggested_framework(graded_by: Rubric, answer: str) -> str:
    """The first of the rubric's frameworks that the answer does not name yet, and what to do with it."""
    named = frameworks_named(words(answer))
    unused = [one for one in graded_by.frameworks if tuple(words(one.name)) not in named]
    return str((unused or graded_by.frameworks)[0])[:FRAMEWORK_MAX_CHARS]


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
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


@cache
def _lexicon(category: Category) -> _Lexicon:
    lists = [(name, entry) for name, entries in vocabulary().items() if name not in _NO_CUES for entry in entries]
    return _Lexicon(
        lists + [(check.id, cue) for check in rubric(category).checks for cue in check.cues if not cue.startswith("@")]
    )


@cache
def _framework_words() -> frozenset[str]:
    return frozenset(part for name in framework_names() for part in name)


def _readings(question: Question, answer: list[Sentence], sums: list[Calculation]) -> list[Reading]:
    """The sentences that may prove something: not those that only shrug or repeat the question."""
    lexicon = _lexicon(question.category)
    story = _asks_for_story(question)
    asked = words(question.question_text)
    asked_triples = set(zip(asked, asked[1:], asked[2:], strict=False))
    common = common_words() | _framework_words() | set(asked)
    readings = []
    for sentence in answer:
        said = sentence.words
        triples = list(zip(said, said[1:], said[2:], strict=False))
        if sum(triple in asked_triples for triple in triples) > len(triples) / 2:
            continue
        cues = lexicon.cues(said)
        if "shrug" not in cues:
            own_words = {word for word in said if word not in common and (len(word) > 2 or word.isdigit())}
            cues.update(_worked_out(sentence, sums, past=story))
            readings.append(Reading(sentence, cues, lexicon.cues(sentence.heading), len(own_words)))
    return readings


def _worked_out(sentence: Sentence, sums: list[Calculation], *, past: bool) -> set[str]:
    """The cues that are no word lists."""
    cues = set()
    said = sentence.words
    if any(word[0].isdigit() for word in said) or not _COUNTS.isdisjoint(said):
        cues.add("number")
    if sentence.text.count(",") >= 2 or not _SEVERAL.isdisjoint(said):
        cues.add("several")
    if _own_action(said) or (not past and _contains(said, vocabulary()["planned"])):
        cues.add("own_action")
    if any(one.holds and one.text in sentence.text for one in sums):
        cues.add("arithmetic")
    return cues


def _own_action(said: Sequence[str]) -> bool:
    """ "I asked", "I then wrote": the first person, and a verb of doing in the past."""
    irregular, no_action = vocabulary()["irregular_past"], vocabulary()["no_action"]
    return any(
        (verb.endswith("ed") or verb in irregular) and verb not in no_action
        for place, subject in enumerate(said)
        if subject == "i"
        for verb in said[place + 1 : place + 3]
    )


def _on_topic(question: Question, answer: str, said: list[Sentence]) -> bool:
    """A question for a story needs one, of whatever; one for a plan is not answered by a story."""
    told, about = _own_actions(said), is_about(question, answer)
    if _asks_for_story(question):
        return told >= (FEW_OWN_ACTIONS if about else OWN_ACTIONS_OF_A_STORY)
    return about and told <= STORY_SHARE * len(said)


def _own_actions(answer: list[Sentence]) -> int:
    """How often the candidate says what they did: two stories to one question may share nothing else."""
    return sum(_own_action(sentence.words) for sentence in answer)


def _asks_for_story(question: Question) -> bool:
    """ "Tell me about a time when ...", and not "What would you do if ..."."""
    return _contains(words(question.question_text), vocabulary()["story_wanted"])


def _contains(said: Sequence[str], phrases: Iterable[str]) -> bool:
    row = f" {' '.join(said)} "
    return any(f" {phrase} " in row for phrase in phrases)


def _capped(scores: Scores) -> Scores:
    """However well made, an answer to another question is worth little to this one."""
    return replace(
        scores,
        overall=min(scores.overall, OFF_TOPIC_CAP),
        framework=min(scores.framework, OFF_TOPIC_CAP),
        structure=min(scores.structure, OFF_TOPIC_CAP),
        completeness=min(scores.completeness, OFF_TOPIC_CAP),
    )


def _findings(graded_by: Rubric, readings: list[Reading], sums: list[Calculation]) -> list[Finding]:
    findings = [finding for criterion in graded_by.criteria for finding in _findings_of(criterion, readings)]
    of_arithmetic = {check.id for check in graded_by.checks if check.proof == ("arithmetic",)}
    return [_recalculated(finding, sums) if finding.check_id in of_arithmetic else finding for finding in findings]


def _recalculated(finding: Finding, sums: list[Calculation]) -> Finding:
    """Calculating correctly is not met by one calculation that is right among others that are wrong."""
    wrong = len(_wrong(sums))
    if 2 * wrong >= len(sums):
        return Finding(finding.check_id, Verdict.ABSENT)
    return replace(finding, verdict=Verdict.PARTIAL) if wrong and finding.quotes else finding


def _findings_of(criterion: RubricCriterion, readings: list[Reading]) -> list[Finding]:
    """The best that the sentences make of each check. One sentence meets one check of a criterion, not all of them."""
    findings: list[Finding] = []
    spent: set[str] = set()
    for check in criterion.checks:
        made = sorted(_made(check, readings), key=itemgetter(0), reverse=True)
        unspent = [found for found in made if found[1].quotes[0] not in spent]
        if unspent and unspent[0][1].verdict is Verdict.MET:
            findings.append(unspent[0][1])
            spent.add(unspent[0][1].quotes[0])
        elif made:
            findings.append(replace(made[0][1], verdict=Verdict.PARTIAL))
        else:
            findings.append(Finding(check.id, Verdict.ABSENT))
    return findings


def _made(check: Check, readings: list[Reading]) -> Iterator[tuple[tuple[Fraction, int, int], Finding]]:
    """Every sentence that makes something of a check, with its rank: what it proves, and how much it says of it."""
    subjects = {check.id, *(cue[1:] for cue in check.cues if cue.startswith("@"))}
    for place, reading in enumerate(readings):
        spoken = sum(reading.cues[subject] + reading.heading_cues[subject] for subject in subjects)
        if spoken:
            finding = _made_by(check, reading, readings[place + 1] if place + 1 < len(readings) else None)
            if finding.verdict is not Verdict.ABSENT:
                yield (EARNED[finding.verdict], min(spoken, 3), min(reading.own_words, 12)), finding


def _wrong(sums: list[Calculation]) -> list[Calculation]:
    return [one for one in sums if not one.holds]


def _made_by(check: Check, reading: Reading, following: Reading | None) -> Finding:
    """What a sentence with a cue of the check makes of it, alone or with the next one; a question proves nothing."""
    groups = [set(group.split("|")) for group in check.proof]
    said = reading.sentence
    if not said.asks and reading.own_words >= OWN_WORDS_FOR_MET and _proves(groups, reading.cues.keys()):
        return Finding(check.id, Verdict.MET, (said.text,))
    if following and not following.sentence.asks:
        together = reading.own_words + following.own_words
        if together >= OWN_WORDS_FOR_MET + 2 and _proves(groups, reading.cues.keys() | following.cues.keys()):
            return Finding(check.id, Verdict.MET, (said.text, following.sentence.text))
    if reading.own_words >= OWN_WORDS_FOR_PARTIAL:
        return Finding(check.id, Verdict.PARTIAL, (reading.sentence.text,))
    return Finding(check.id, Verdict.ABSENT)


def _proves(groups: list[set[str]], cues: Set[str]) -> bool:
    return all(not group.isdisjoint(cues) for group in groups)


def _strengths(graded_by: Rubric, scores: Scores) -> list[str]:
    """What is met, the best criteria first, each by a sentence that no other strength has quoted."""
    said: dict[str, str] = {}
    for criterion in sorted(graded_by.criteria, key=lambda criterion: -_earned(criterion, scores)):
        for check, finding in _pairs(criterion, scores):
            if finding.verdict is Verdict.MET and finding.quotes[0] not in said:
                quote = finding.quotes[0]
                said[quote] = f"{criterion.name}: the answer {check.text}, as in “{_short(quote)}”"
                break
    return list(said.values())[:STRENGTHS_MAX]


def _off_topic(question: Question) -> str:
    if _asks_for_story(question):
        return "The question asks for something that you did: hardly an action of your own comes up."
    return "This does not seem to answer the question that was asked: hardly anything it is about comes up."


def _improvements(graded_by: Rubric, scores: Scores, sums: list[Calculation], first: list[str]) -> list[str]:
    said = list(first)
    said.extend(f"Calculate “{_short(one.text)}” again: it does not come out." for one in _wrong(sums))
    for criterion in _weakest(graded_by, scores):
        check, finding = min(_pairs(criterion, scores), key=lambda pair: EARNED[pair[1].verdict])
        if finding.verdict is Verdict.ABSENT:
            said.append(f"{criterion.name}: nothing in the answer {check.text}.")
        elif finding.verdict is Verdict.PARTIAL:
            quote = _short(finding.quotes[0])
            said.append(f"{criterion.name}: “{quote}” is a start. A strong answer goes further: it {check.text}.")
    return said[:IMPROVEMENTS_MAX]


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
