"""OPTIONS on every path: tells a browser which origins may call, and how (the CORS protocol of the Fetch standard).

API Gateway's own preflight knows one fixed origin; the configuration names several.
"""

from aws_lambda_powertools.event_handler import Response

from coach.http.app import create_app, entrypoint

app = create_app()

METHODS = {"Access-Control-Allow-Methods": "DELETE,GET,HEAD,OPTIONS,POST"}


@app.route(".*", method="OPTIONS", include_in_schema=False, enable_validation=False)
def preflight() -> Response[str]:
    return Response(status_code=204, body="", headers=METHODS)


handler = entrypoint(app, open_to_all=True)
