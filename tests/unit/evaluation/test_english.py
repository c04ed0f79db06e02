import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.evaluation.offline.english import FOREIGN_SHARE, UNKNOWN_SHARE_MAX, probability, unknown_share
from coach.evaluation.text import words
from coach.model import Category
from tests.unit.evaluation.samples import BANDS, answer

CANTEEN = """
The canteen of our tax office feeds 900 people between 11:40 and 13:10, and the queue reaches the stairs. Mrs Okonkwo,
who runs it, blames the tills. I stood there on three days with a stopwatch: paying takes 9 seconds, choosing takes 48.
So I would not buy a faster till. I would hang the menu in the lifts, where people wait anyway, and move the soup, which
blocks the counter, to a table of its own. If the median wait is not under six minutes by the end of March, we try fixed
slots per floor. The loser is the salad bar, because it gives up its corner; its cook agreed when she saw the counts.
"""
SPOKEN = """
so um basically i would i would go and talk to the uh canteen lady and like ask her what the what the problem is you
know because the queue is like really long and people they they just leave and and go to the bakery across the street so
yeah i would maybe put the menu in the lifts and then we see if the the queue gets shorter by march
"""
TERSE = """
Queue is long because choosing takes time. Put menu in lifts. Move soup to own table. Measure median wait, target six
minutes by March. If not, fixed slots per floor. Cook loses corner, she agreed after seeing counts. Buying faster tills
saves nine seconds only, so no. Ask finance for 2,000 euros, not more. Tell floors by mail on Monday. Next: breakfast.
"""
SHOPS = """
In Pune and Coimbatore most kirana shops take UPI through Paytm or PhonePe, and the owner sees a QR sticker and hears a
voice box say the amount. Lakshmi, who sells idli near the bus stand, told me that she keeps a notebook for udhaar,
since no app does it. I would build that notebook and nothing else. She says a name and an amount in Tamil or Hindi, and
on Fridays the customer gets one WhatsApp message. We earn nothing on it in year one. If 3,000 of 20,000 shops still use
it after Diwali, we lend against it with Bajaj.
"""
BANK = """
Agnieszka runs onboarding at our neobank, and what she sees every morning is the KYC queue: 1,100 people whose passport
photo the OCR could not read. Monzo and Revolut let such people in with a limit of 200 pounds; we let them wait. I would
copy the limit and not the speed, because the FCA fined Starling for exactly that in 2024. So the app opens an account
with an IBAN at once, caps it, and asks for a second photo in daylight. Onfido charges us 90 pence per retry, which is
4,000 pounds a month. If fraud on capped accounts stays under 0.2% by June, Dmitri in AML raises the cap to 500.
"""
BUILDS = """
Our CI runs 4,100 builds a day on GitHub Actions, and a Kubernetes pod starts cold in 70 seconds. Priya profiled it: npm
install takes 41 of them, Docker pulls 20. I would cache node_modules by lockfile hash on NVMe, since that touches no
repo. The monorepo team wants Bazel, which takes a quarter; I say no until the cache is measured. Jenkins stays for the
iOS builds because the Mac minis are paid until May. If p95 is not under four minutes in three weeks, I was wrong about
npm.
"""
OTHER_LANGUAGES = {
    "German": """Die Kantine in unserem Finanzamt versorgt neunhundert Menschen zwischen elf und eins, und die Schlange
        reicht bis zur Treppe. Ich würde keine schnellere Kasse kaufen, weil das Aussuchen länger dauert.""",
    "French": """La cantine de notre bureau nourrit neuf cents personnes entre onze heures et treize heures, et la file
        atteint déjà les escaliers. Je ne voudrais pas acheter une caisse plus rapide, parce que choisir prend plus.""",
    "Spanish": """El comedor de nuestra oficina da de comer a novecientas personas y la cola llega hasta la escalera. Yo
        no compraría una caja más rápida, porque elegir tarda mucho más que pagar.""",
    "Polish": """Stołówka w naszym urzędzie karmi dziewięćset osób między jedenastą a trzynastą, a kolejka sięga
        schodów. Nie kupiłbym szybszej kasy, ponieważ wybieranie trwa dłużej niż płacenie.""",
    "Turkish": """Ofisimizin kantini dokuz yüz kişiyi doyuruyor ve kuyruk merdivenlere kadar uzanıyor. Daha hızlı bir
        kasa almazdım, çünkü seçmek ödemekten daha uzun sürüyor.""",
    "Chinese": "目标是让听障人士可靠地自己醒来。我会区分三类用户：先天失聪的人、夜里摘下助听器的老人，以及父母。",
    "Greek": """Η καντίνα του γραφείου μας ταΐζει εννιακόσια άτομα και η ουρά φτάνει μέχρι τις σκάλες. Δεν θα αγόραζα
        πιο γρήγορο ταμείο, γιατί η επιλογή διαρκεί περισσότερο από την πληρωμή.""",
}
INVENTED = """
The florbish canteen of our blenty office frindles nine hundred pelorians between noon and one, and the quandle reaches
the stairs. I would not gralp a faster till, because chundering takes longer than prandling. So I would hang the mevlin
in the lifts and move the zorpish soup.
"""


@pytest.mark.parametrize("text", [CANTEEN, SPOKEN, TERSE], ids=["written", "spoken", "terse"])
def test_english_has_hardly_an_unknown_word(text: str) -> None:
    assert unknown_share(words(text)) < 0.05


@pytest.mark.parametrize("text", [SHOPS, BANK, BUILDS], ids=["shops", "bank", "builds"])
def test_names_and_abbreviations_make_no_answer_unreadable(text: str) -> None:
    assert unknown_share(words(text)) <= UNKNOWN_SHARE_MAX


@pytest.mark.parametrize("language", OTHER_LANGUAGES)
def test_another_language_is_mostly_unknown(language: str) -> None:
    assert unknown_share(words(OTHER_LANGUAGES[language])) > FOREIGN_SHARE


def test_invented_words_are_unknown_and_the_rest_is_not() -> None:
    assert UNKNOWN_SHARE_MAX < unknown_share(words(INVENTED)) < FOREIGN_SHARE


@pytest.mark.parametrize("category", Category)
@pytest.mark.parametrize("band", BANDS)
def test_every_sample_reads_as_english(category: Category, band: str) -> None:
    text = answer(category, band)

    assert unknown_share(words(text)) < 0.05


def test_a_word_is_likelier_the_more_often_it_is_written() -> None:
    found = [probability(word) or 0 for word in ("the", "people", "queue", "coxswain")]

    assert found == sorted(found, reverse=True)
    assert 1 > found[0] > 0.01 > found[2] > found[3] > 0
    assert probability("quandle") is None


@given(st.lists(st.sampled_from(["the", "9", "a1", "ok", "日", "Zürich", "quandle"])))
def test_a_share_is_between_none_and_all(said: list[str]) -> None:
    assert 0 <= unknown_share(said) <= 1


def test_figures_and_short_words_count_neither_way() -> None:
    assert unknown_share(["table", "4", "a1", "zq", "npm", "2026"]) == 0
    assert unknown_share(["table", "4", "a1", "zq", "npm", "2026", "quandle"]) == 0.5
