"""/account: the address, the password, taking one's practice along, and deleting it."""

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import BaseModel, ValidationError

from coach import aws
from coach.errors import CoachError, Conflict, InvalidParts, NotFound, TooManyRequests
from coach.http import browser
from coach.http.exports import FORMATS, ExportFormat, written
from coach.http.imports import MOST_BYTES, parts
from coach.http.passwords import opened
from coach.http.schemas.imports import MOST_ATTEMPTS, ImportIn
from coach.http.schemas.passwords import NewPassword, Password
from coach.identity.passwords import hashed
from coach.storage.exports import POSITION
from coach.web.asking import number
from coach.web.refusals import mistake, said, sentence, told
from coach.web.site import Site
from coach.web.visitors import visitor
from coach.web.words import counted

router = APIGatewayRouter()  # type: ignore[no-untyped-call]

NO_EXPORT = "Nothing was taken in: this is no JSON file from here. Choose one that “All of it” above has given you."


class PasswordChange(BaseModel):
    current_password: Password
    new_password: NewPassword


@router.get("/account", include_in_schema=False, enable_validation=False, compress=True)
def account() -> Response[str]:
    return shown(Site(router))


def shown(site: Site, status: int = 200, *, about: str = "", problem: str = "", done: str = "") -> Response[str]:
    """`problem` and `done` are said at the part of the page that they are `about`."""
    return site.page("account.html", status, visitor=visitor(site), about=about, problem=problem, done=done)


@router.post("/account/password", include_in_schema=False, enable_validation=False, compress=True)
def change_password() -> Response[str]:
    site = Site(router)
    user = visitor(site, onward="/account")
    if not user.email:
        raise Conflict("This account has no password")
    try:
        sent = PasswordChange.model_validate(site.form())
        credentials = opened(user.email, sent.current_password, site.source_ip)
        if not credentials:
            return shown(site, 422, about="password", problem="The current password is not right.")
        after = hashed(sent.new_password)
        ticket = browser.ticket(site.current_event)
        kept = aws.storage().browsers.kept(user.id, ticket.digest, credentials.password_hash, after) if ticket else None
        aws.storage().accounts.change_password(credentials, after, keeping=kept)
    except ValidationError as refused:
        return shown(site, 422, about="password", problem=said(refused))
    except CoachError as refused:
        if isinstance(refused, TooManyRequests):
            site.retry_after = refused.retry_after
        return shown(site, refused.status, about="password", problem=told(refused))
    return shown(site, about="password", done="Your password is changed. All other browsers are signed out.")


@router.post("/account/browsers/end", include_in_schema=False, enable_validation=False, compress=True)
def sign_out_everywhere() -> Response[str]:
    site = Site(router)
    aws.storage().browsers.end_all(visitor(site, onward="/account").id)
    answer = site.go("/auth/login")
    answer.cookies.append(browser.cookie(site, None))
    return answer


@router.get("/account/export/<form>", include_in_schema=False, enable_validation=False)
def export(form: str) -> Response[str]:
    """All of it as a file, if one can be brought back with as much; else a list of files."""
    site = Site(router)
    user = visitor(site)
    if form not in set(ExportFormat):
        raise NotFound("There is no such format")
    chosen = FORMATS[ExportFormat(form)]
    storage = aws.storage()
    after = site.asked("after")
    if after and not POSITION.fullmatch(after):
        raise NotFound("There is no such part")
    text, onward = written(chosen, user, storage.exports.page(user.id, after=after or None, limit=MOST_ATTEMPTS))
    if onward and not site.asked("part"):
        files = [""]
        while onward:
            files.append(onward)
            _, onward = written(chosen, user, storage.exports.page(user.id, after=onward, limit=MOST_ATTEMPTS))
        return site.page("export.html", visitor=user, form=form, files=files)
    part = number(site.asked("part"))
    name = chosen.FILE_NAME.replace(".", f"-{part}.") if part else chosen.FILE_NAME
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(status_code=200, content_type=chosen.CONTENT_TYPE, headers=headers, body=text, compress=True)


@router.post("/account/import", include_in_schema=False, enable_validation=False, compress=True)
def import_file() -> Response[str]:
    site = Site(router)
    user = visitor(site, onward="/account")
    storage = aws.storage()
    text = _file(site.current_event.body or "")
    if len(text.encode()) > MOST_BYTES:
        problem = f"Nothing was taken in: the file has more than {MOST_BYTES // 10**6} MB, and none from here has."
        return shown(site, 413, about="import", problem=problem)
    try:
        found = ImportIn.model_validate_json(text)
        taken = storage.imports.take(user.id, parts(found, user.id, storage.table.moment))
    except ValidationError as refused:
        first = refused.errors()[0]
        problem = _mistake(first["loc"], mistake(first)) if first["loc"] else NO_EXPORT
        return shown(site, 422, about="import", problem=problem)
    except InvalidParts as refused:
        wrong = refused.mistakes[0]
        return shown(site, 422, about="import", problem=_mistake(wrong.loc[1:], sentence(wrong.detail)))
    except CoachError as refused:
        return shown(site, refused.status, about="import", problem=f"Nothing was taken in. {told(refused)}")
    new = counted(taken.attempts, "answer was", "answers were")
    there = counted(taken.attempts_there, "was", "were")
    return shown(site, about="import", done=f"{new} new, {there} there already.")


def _mistake(loc: tuple[str | int, ...], told: str) -> str:
    """The first mistake of a file, and where it is."""
    if loc[0] in ("format", "version"):
        return NO_EXPORT
    return f"Nothing was taken in. The first mistake of the file is at {' → '.join(map(str, loc))}: {told}"


def _file(body: str) -> str:
    """What stands in the only field of a form of the type multipart/form-data (RFC 7578)."""
    boundary, _, rest = body.partition("\r\n")
    _, _, content = rest.partition("\r\n\r\n")
    return content.rpartition(f"\r\n{boundary}")[0]


@router.post("/account/delete", include_in_schema=False, enable_validation=False, compress=True)
def delete() -> Response[str]:
    site = Site(router)
    user = visitor(site, onward="/account")
    typed = site.form().get("email", "").strip()
    if typed.casefold() != (user.email or "delete").casefold():
        wanted = "the address of this account" if user.email else "the word “delete”"
        return shown(site, 422, about="delete", problem=f"This is not {wanted}. Nothing was deleted.")
    aws.storage().accounts.delete(user.id)
    answer = site.page("deleted.html")
    answer.cookies.append(browser.cookie(site, None))
    return answer
