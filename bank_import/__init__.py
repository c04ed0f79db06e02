"""Brings questions out of a spreadsheet into the bank: `make import FILE=questions.xlsx`.

cells     reads CSV and XLSX files into cells of text, each with its place
rows      the columns, and what each row says
pages     a question as its file in the bank
bank      puts files into the bank, all or none
__main__  `make import`
"""


class Refused(Exception):
    """What cannot be imported; `mistakes` has one "place: message" for each thing to correct."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = list(mistakes)
