"""The one DynamoDB table, one module for each aggregate. `keys` says what is in it, `dynamo` how it is asked."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from coach.storage.accounts import Accounts
from coach.storage.attempts import Attempts
from coach.storage.browsers import Browsers
from coach.storage.deletions import Deletions
from coach.storage.dynamo import Table
from coach.storage.evaluations import Evaluations
from coach.storage.exports import Exports
from coach.storage.history import Histories
from coach.storage.imports import Imports
from coach.storage.limits import Limits
from coach.storage.resets import Resets
from coach.storage.sessions import Sessions

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Storage:
    """All that is stored, behind one DynamoDB client. `now` returns seconds since the epoch."""

    def __init__(self, client: "DynamoDBClient", name: str, now: Callable[[], float] = time.time) -> None:
        self.table = Table(client, name, now)
        self.accounts = Accounts(self.table)
        self.browsers = Browsers(self.table, self.accounts)
        self.resets = Resets(self.table, self.accounts)
        self.sessions = Sessions(self.table, self.accounts)
        self.limits = Limits(self.table)
        self.attempts = Attempts(self.table, self.limits)
        self.histories = Histories(self.table)
        self.evaluations = Evaluations(self.table, self.attempts, self.limits)
        self.exports = Exports(self.table)
        self.imports = Imports(self.table, self.accounts, self.attempts)
        self.deletions = Deletions(self.table)
