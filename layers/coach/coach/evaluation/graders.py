"""Who grades: one of the two evaluators, as the settings say."""

from coach.evaluation import AnswerEvaluator
from coach.evaluation.offline import MODEL as OFFLINE_MODEL
from coach.model import Evaluator
from coach.settings import GraderSettings

DEFAULT_MODEL = "claude-haiku-5-5"
DEFAULT_BEDROCK_MODEL = "anthropic.claude-haiku-5-5"


def grader(settings: GraderSettings) -> tuple[Evaluator, str]:
    """Who grades with these settings, and the model's name."""
    if settings.grader == "offline":
        return Evaluator.OFFLINE, OFFLINE_MODEL
    default = DEFAULT_BEDROCK_MODEL if settings.grader == "bedrock" else DEFAULT_MODEL
    return Evaluator.CLAUDE, settings.anthropic_model or default


def configured(settings: GraderSettings) -> AnswerEvaluator:
    """The evaluator that grades. Raises InvalidSetting."""
    # Not at the top: of two evaluators one is imported, and Claude's takes seconds.
    if settings.grader == "offline":
        from coach.evaluation.offline.evaluator import OfflineEvaluator

        return OfflineEvaluator()

    from coach.evaluation.claude.client import ClaudeEvaluator, on_anthropic, on_bedrock

    return ClaudeEvaluator(
        on_bedrock(settings) if settings.grader == "bedrock" else on_anthropic(settings),
        model=grader(settings)[1],
        max_tokens=settings.anthropic_max_tokens,
        deadline_seconds=settings.evaluation_deadline_seconds,
        effort=settings.anthropic_effort,
    )
