"""The template and the code say the same: routes, folders, events, and who may do what."""

import copy
import importlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import boto3
import botocore.client
import pytest
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]

from coach import aws
from coach.aws import EvaluationQueue, SecretParameter
from coach.errors import EvaluationUnavailable, SpendLimitReached
from coach.evaluation.graders import configured
from coach.http.caller import forget_living
from coach.identity import passwords
from coach.identity.keys import KeyRing
from coach.identity.oidc import Issuer
from coach.identity.tickets import Ticket
from coach.settings import InvalidSetting
from coach.storage import Storage
from coach.storage import keys as storage_keys
from coach.storage.deletions import begun
from coach.worker import Worker
from functions.evaluate_attempt import app as evaluate_attempt
from functions.keep_api_key import app as keep_key
from functions.make_token_keys import app as make_token_keys
from tests.conftest import ROOT, USER, template
from tests.issuer import AUDIENCE, LocalIssuer
from tests.unit.documents import A_PROBE, a_document, a_sitting, an_attempt
from tests.unit.events import EVENTS, PAGES, ROUTES, SESSION, Context, Route, call, functions, handler, invoke, load
from tests.unit.given import ANSWER, Grader, a_user, owned_by

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FUNCTIONS = functions()
API_KEY = "/coach/anthropic-api-key"
BODY = {"question_id": 1, "answer_text": ANSWER}
RESOURCES = {
    properties["CodeUri"]: name
    for name, properties in (
        (name, resource["Properties"])
        for name, resource in template()["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    )
}


# Folders, names, events


def test_every_function_has_its_folder_its_event_and_its_place_in_the_template() -> None:
    folders = {path.parent.name for path in ROOT.glob("functions/*/app.py")}
    events = {path.stem for path in EVENTS.glob("*.json")}

    assert folders == set(FUNCTIONS) == events


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_named_as_its_folder(function: str) -> None:
    name = RESOURCES[f"functions/{function}"]

    assert name == "".join(part.capitalize() for part in function.split("_"))
    assert callable(handler(function))


@pytest.mark.parametrize("function", [route.function for route in ROUTES])
def test_the_event_of_an_http_function_is_a_request_to_it(function: str) -> None:
    event = load(function)

    context = event["requestContext"]
    assert Route(event["httpMethod"], event["resource"], function) in ROUTES
    assert (context["httpMethod"], context["resourcePath"]) == (event["httpMethod"], event["resource"])
    assert context["path"] == f"/{context['stage']}{event['path']}"
    assert event["resource"].format(**(event["pathParameters"] or {})) == event["path"]
    assert {name: [value] for name, value in event["headers"].items()} == event["multiValueHeaders"]
    assert event["headers"]["Host"] == context["domainName"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_event_file_holds_no_token(function: str) -> None:
    text = (EVENTS / f"{function}.json").read_text(encoding="utf-8")

    assert not re.search(r"eyJ[\w-]+\.", text)
    assert text.count("Bearer") == text.count("Bearer ${TOKEN}")


# Routes


@pytest.mark.parametrize("function", sorted({route.function for route in ROUTES} - {"preflight"}))
def test_the_template_has_the_routes_of_the_code_and_no_other(function: str) -> None:
    app = importlib.import_module(f"functions.{function}.app").app

    declared = {(route.method, route.openapi_path or "/") for route in app._static_routes + app._dynamic_routes}

    reached = {(route.method.replace("HEAD", "GET"), route.path) for route in ROUTES if route.function == function}
    assert declared == reached


def test_every_path_answers_a_browser_that_asks_first() -> None:
    paths = {route.path for route in ROUTES if route.method != "OPTIONS" and (route.method, route.path) not in PAGES}

    assert {route.path for route in ROUTES if route.method == "OPTIONS"} == paths
    assert {route.function for route in ROUTES if route.method == "OPTIONS"} == {"preflight"}


def test_no_route_is_there_twice() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


# Permissions: what each function does to AWS, and what its policy lets it do

Allowed = set[tuple[str, str]]


class Recorded:
    """The IAM actions behind the calls that were made, each with the kind of thing that it was done to."""

    def __init__(self) -> None:
        self.actions: Allowed = set()

    def add(self, service: str, operation: str, arguments: dict[str, Any]) -> None:
        service = service.replace("sesv2", "ses")  # as IAM names it
        places = {"dynamodb": "table", "ses": "identity", "sqs": "queue", "ssm": "parameter"}
        place = "index" if "IndexName" in arguments else places[service]
        if operation == "TransactWriteItems":
            kinds = {kind for item in arguments["TransactItems"] for kind in item}
            self.actions |= {(f"dynamodb:{kind}Item", place) for kind in kinds}
        else:
            # A batch of messages needs the action of a single one.
            self.actions.add((f"{service}:{operation.removesuffix('Batch') if service == 'sqs' else operation}", place))


@pytest.fixture
def recorded(functions: None, monkeypatch: pytest.MonkeyPatch) -> Recorded:  # noqa: ARG001 - before this one
    recorded = Recorded()
    original = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        recorded.add(client.meta.service_model.service_name, operation, arguments)
        return original(client, operation, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
    return recorded


def allowed(function: str) -> Allowed:
    """What the function's policy allows, less what only Bedrock needs."""
    found: Allowed = set()
    for policy in FUNCTIONS[function].get("Policies", []):
        match policy:
            case {"Fn::If": ["HasKey", granted, _]} | ({"Statement": _} as granted):
                statements = granted["Statement"]
            case _:
                continue
        for statement in statements:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert statement["Effect"] == "Allow"
            found |= {(action, place(statement["Resource"])) for action in actions}
    return found


def place(resource: Any) -> str:
    match resource:
        case {"Fn::GetAtt": ["Table", "Arn"]}:
            return "table"
        case {"Fn::Sub": "${Table.Arn}/index/*"}:
            return "index"
        case {"Fn::GetAtt": ["EvaluationQueue", "Arn"]}:
            return "queue"
        case {"Fn::Sub": str(arn)} if ":parameter/${AWS::StackName}/" in arn:
            return "parameter"
        case {"Fn::Sub": str(arn)} if arn.endswith(":identity/*"):
            return "identity"
    return str(resource)


@pytest.fixture
def keys(moto: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A key ring on moto, of which nothing is recorded."""
    assert moto
    monkeypatch.setenv("TOKEN_KEYS_PARAMETER", "/coach/token-keys")
    monkeypatch.setenv("ANTHROPIC_API_KEY_PARAMETER", API_KEY)
    ring = KeyRing(SecretParameter("/coach/token-keys"))
    monkeypatch.setenv("TOKEN_SIGNING_KID", ring.turn_to("1")[0].kid)
    aws.signing_key.cache_clear()
    yield
    ring.forget()
    aws.signing_key.cache_clear()


@pytest.fixture
def mail(moto: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """SES on moto takes mails from us."""
    assert moto
    boto3.client("sesv2").create_email_identity(EmailIdentity="coach@example.com")
    monkeypatch.setenv("MAIL_FROM", "coach@example.com")
    aws.mailer.cache_clear()
    yield
    aws.mailer.cache_clear()


@pytest.fixture
def receipt(moto: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The evaluation queue on moto, and the receipt handle of a message that was received from it."""
    assert moto
    client = boto3.client("sqs")
    url = client.create_queue(QueueName="evaluations")["QueueUrl"]
    monkeypatch.setattr(aws, "evaluation_queue", lambda: EvaluationQueue(client, url))
    client.send_message(QueueUrl=url, MessageBody="{}")
    yield client.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    client.delete_queue(QueueUrl=url)


@dataclass(frozen=True)
class Sitting:
    """SESSION, an exam, with a pending attempt and then a failed one."""

    storage: Storage
    receipt: str


def create_session(_: Sitting) -> None:
    for _again in range(2):
        invoke("create_session", load("create_session"))
    with LocalIssuer() as issuer, pytest.MonkeyPatch.context() as patch:
        patch.setattr(aws, "issuer", lambda: Issuer(issuer.url, AUDIENCE))
        assert invoke("create_session", load("create_session", issuer.token())).status == 201


def add_attempt(_: Sitting) -> None:
    for key in ("k", "k", None):
        call("POST", f"/api/sessions/{SESSION}/attempts", BODY, user=USER, headers={"Idempotency-Key": key})


def request_evaluation(_: Sitting) -> None:
    for attempt in (1, 2):
        assert call("POST", f"/api/sessions/{SESSION}/attempts/{attempt}/evaluation", user=USER).status == 202


def use_accounts(_: Sitting) -> None:
    credentials = {"email": "ada@example.com", "password": "correct horse battery staple"}
    user = call("POST", "/auth/register", credentials).json()["user"]["id"]
    assert call("POST", "/auth/login", credentials).status == 200
    change = {"current_password": credentials["password"], "new_password": "another password"}
    assert call("POST", "/auth/password", change, user=user).status == 204
    assert call("POST", "/auth/login", credentials | {"email": "nobody@example.com"}).status == 401
    assert call("GET", "/auth/me", user=USER).status == 200
    assert call("POST", "/auth/password/forgot", {"email": credentials["email"]}).status == 202
    ticket = Ticket.made(user)
    link = {"digest": ticket.digest, "expires_at": int(time.time()) + 60}
    aws.storage().table.overwrite(storage_keys.reset(user) | link)
    reset = {"token": ticket.text, "new_password": "yet another password"}
    assert call("POST", "/auth/password/reset", reset).status == 204
    cookie = {"Cookie": f"pm_coach_session={ticket.text}", "Sec-Fetch-Site": "same-origin"}
    assert call("POST", "/auth/logout", headers=cookie).status == 401
    assert call("POST", "/auth/logout", user=user, headers=cookie).status == 204
    assert call("DELETE", "/auth/me", user=user).status == 204


def use_pages(_: Sitting) -> None:
    assert {call("GET", path).status for path in ("/", "/health", "/openapi.json", "/docs")} == {200}
    aws.storage().accounts.register(a_user(), passwords.hashed("a long password"))
    owner = aws.storage().accounts.credentials("ada@example.com")
    assert owner
    ticket = Ticket.made(owner.user_id)
    aws.storage().resets.make(owner.user_id, ticket.digest)
    typed = "application/x-www-form-urlencoded"
    ours = {"Sec-Fetch-Site": "same-origin", "Content-Type": typed}
    address = "email=ada%40example.com"
    token = f"token={ticket.text}&new_password=another+password"
    assert call("POST", "/auth/password/forgot/form", address, headers=ours).status == 200
    assert call("POST", "/auth/password/reset/form", token, headers=ours).status == 303
    signed_in = call("POST", "/auth/login/form", f"{address}&password=another+password", headers=ours)
    cookie = {"Cookie": signed_in.headers["set-cookie"].partition(";")[0]}
    for path in ("/practice", "/practice/strategy", "/history", "/progress", "/account", "/account/export/json"):
        assert call("GET", path, headers=cookie).status == 200
    answer = urlencode({"question_id": 1, "session_id": SESSION, "key": "k", "answer_text": ANSWER})
    assert call("POST", "/practice/answers", answer, headers=cookie | ours).status == 303
    for path in (f"/practice/sessions/{SESSION}/attempts/1", f"/practice/sessions/{SESSION}"):
        assert call("GET", path, headers=cookie).status == 200
    assert call("POST", f"/practice/sessions/{SESSION}/end", headers=cookie | ours).status == 303
    assert call("POST", "/account/browsers/end", headers=cookie | ours).status == 303
    assert call("GET", "/account", headers=cookie | {"Accept": "text/html"}).status == 303


def mail_a_link(sitting: Sitting) -> None:
    sitting.storage.accounts.register(a_user(), "hash")
    event = load("mail_reset_link")
    image = event["Records"][0]["dynamodb"]["NewImage"]
    sitting.storage.resets.ask("ada@example.com", image["origin"]["S"])
    image["asking"] = sitting.storage.table._client.get_item(
        TableName="coach", Key=event["Records"][0]["dynamodb"]["Keys"]
    )["Item"]["asking"]
    handler("mail_reset_link")(event, Context())


def read(*paths: str) -> Callable[[Sitting], None]:
    def reads(_: Sitting) -> None:
        assert {call("GET", path, user=USER).status for path in paths} == {200}

    return reads


def evaluate(sitting: Sitting) -> None:
    """The key is read. The model is overloaded, then the spend limit is reached; it is raised, and the attempt is
    evaluated."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVALUATOR", "claude")
        patch.setenv("ANTHROPIC_API_KEY_PARAMETER", API_KEY)
        with pytest.raises(InvalidSetting):  # nobody has put one there
            configured(aws.grader_settings())
    event = load("evaluate_attempt")
    event["Records"][0]["receiptHandle"] = sitting.receipt
    later = Storage(sitting.storage.table._client, "coach", now=lambda: time.time() + 3600)
    overloaded, broke = Grader(EvaluationUnavailable("No")), Grader(SpendLimitReached("No"))
    for storage, grader in ((sitting.storage, overloaded), (sitting.storage, broke), (later, Grader(73))):
        worker = Worker(storage, grader, lease_seconds=95, now=storage.table.now)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(evaluate_attempt, "worker", lambda worker=worker: worker)
            handler("evaluate_attempt")(event, Context())
        assert grader.calls == 1


def sweep(sitting: Sitting) -> None:
    event = load("sweep_deleted")
    session, mark = begun(event["Records"][0]["dynamodb"]["NewImage"])
    sitting.storage.table.update(session, "SET deletion = :mark", "attribute_exists(pk)", {":mark": mark})
    handler("sweep_deleted")(event, Context())
    assert not [sk for sk in owned_by(sitting.storage, USER) if SESSION in sk]


def keep_api_key(_: Sitting) -> None:
    for request in ("Create", "Update", "Delete"):
        keep_key.keep(request, {"Key": "sk-ant-test"})


def turn_keys(_: Sitting) -> None:
    for request, generation in (("Create", "1"), ("Update", "2"), ("Delete", "2")):
        make_token_keys.keys(request, {"Generation": generation})


def invoked(function: str) -> Callable[[Sitting], None]:
    def invokes(_: Sitting) -> None:
        handler(function)(load(function), Context())

    return invokes


def import_practice(_: Sitting) -> None:
    """A new session, a page that its other attempts stand on, and the whole once more."""
    asked, answer = an_attempt(1, follow_up=A_PROBE), an_attempt(2, follow_up_to=1)
    for attempts in ([asked], [answer], [asked, answer]):
        assert call("POST", "/api/import", a_document(a_sitting(*attempts)), user=USER).status == 200


USES: dict[str, Callable[[Sitting], None]] = {
    "accounts": use_accounts,
    "add_attempt": add_attempt,
    "create_session": create_session,
    "delete_session": invoked("delete_session"),
    "end_session": invoked("end_session"),
    "evaluate_attempt": evaluate,
    "export_practice": read("/api/export"),
    "get_attempt": invoked("get_attempt"),
    "get_session": invoked("get_session"),
    "give_up_attempt": invoked("give_up_attempt"),
    "import_practice": import_practice,
    "keep_api_key": keep_api_key,
    "list_attempts": invoked("list_attempts"),
    "list_history": read("/api/attempts"),
    "list_sessions": invoked("list_sessions"),
    "mail_reset_link": mail_a_link,
    "make_token_keys": turn_keys,
    "preflight": invoked("preflight"),
    "progress": read("/api/stats/overview", "/api/stats/by-criterion?category=strategy"),
    "questions": read("/api/categories", "/api/questions/1", "/api/questions/1/attempts"),
    "queue_evaluation": invoked("queue_evaluation"),
    "request_evaluation": request_evaluation,
    "sweep_deleted": sweep,
    "web": use_pages,
}


@pytest.mark.usefixtures("keys", "mail")
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_what_it_does_and_nothing_else(
    function: str, storage: Storage, receipt: str, recorded: Recorded
) -> None:
    call("POST", "/api/sessions", {"id": SESSION, "mode": "exam"}, user=USER)
    for _ in range(2):
        call("POST", f"/api/sessions/{SESSION}/attempts", BODY, user=USER)
    storage.evaluations.fail(storage.attempts.get(USER, SESSION, 2), "No")
    recorded.actions.clear()
    forget_living()

    USES[function](Sitting(storage, receipt))

    assert recorded.actions == allowed(function)


def test_the_messages_are_about_the_session_of_the_other_events() -> None:
    requests = [json.loads(load(name)["Records"][0]["body"]) for name in ("evaluate_attempt", "give_up_attempt")]

    assert requests == [{"user_id": USER, "session_id": SESSION, "attempt_id": 1, "round": 1}] * 2


# What SAM makes of it


@pytest.fixture(scope="module")
def transformed() -> dict[str, Any]:
    """The template as CloudFormation gets it."""
    source = copy.deepcopy(template())
    for resource in source["Resources"].values():
        for name in ("CodeUri", "ContentUri"):  # `sam deploy` has uploaded them by then
            if name in resource.get("Properties", {}):
                resource["Properties"][name] = "s3://bucket/key"
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name="us-east-1"))
    found: dict[str, Any] = translator.translate(source, parameter_values={})
    return found


def test_the_api_has_one_stage_so_that_none_is_without_throttles(transformed: dict[str, Any]) -> None:
    made_by = {"AWS::ApiGateway::Stage", "AWS::ApiGateway::Deployment"}
    stages = [
        resource["Properties"]["StageName"]
        for resource in transformed["Resources"].values()
        if resource["Type"] in made_by and "StageName" in resource["Properties"]
    ]

    assert stages == ["prod"]


def test_every_throttle_is_on_a_path_that_there_is(transformed: dict[str, Any]) -> None:
    (stage,) = [each for each in transformed["Resources"].values() if each["Type"] == "AWS::ApiGateway::Stage"]
    (api,) = [each for each in transformed["Resources"].values() if each["Type"] == "AWS::ApiGateway::RestApi"]
    paths = api["Properties"]["Body"]["paths"].items()
    routes = {(path, method.upper()) for path, methods in paths for method in methods}

    throttled = {
        (setting["ResourcePath"].replace("/", "", 1).replace("~1", "/"), setting["HttpMethod"])
        for setting in stage["Properties"]["MethodSettings"]
        if setting["ThrottlingRateLimit"]
    }

    assert ("*", "*") in throttled
    hashing = {("/auth/register", "POST"), ("/auth/password", "POST")}
    asking = {(f"/auth/{path}", "POST") for path in ("login", "password/forgot", "password/reset")}
    forms = {(f"{path}/form", "POST") for path, _ in asking | {("/auth/register", "POST")}}
    assert hashing | asking | forms == throttled - {("*", "*")}
    assert throttled - {("*", "*")} <= routes
