"""Who published: one outlet is one, however its name is written."""

import re
import unicodedata

# A host: its sub-domains, its own name, and what it ends in.
_ENDING = r"(?:com|org|net|io|co|news|info|(?:co|com|org|net)\.[a-z]{2}|[a-z]{2})"
_HOST = re.compile(rf"(?:[\w-]+\.)*(?!(?:co|com|org|net)\.)([\w-]+)\.{_ENDING}")
# Cyrillic and Greek letters that are drawn as Latin ones, small as `str.casefold` leaves them
# (Unicode Technical Standard 39, confusables.txt, is longer: these can spell whole names).
_LOOKS = str.maketrans("авсԁеһіјкмոорԛѕтԝхуαβεηικνορτυχω", "abcdehijkmnopqstwxyabehiknoptuxw")
UNNAMED = frozenset({"", "unknown"})


def bare_host(name: str) -> str:
    """``'m.coindesk.com'`` and ``'coindesk.co.uk'`` as ``'coindesk'``; other names as they are."""
    host = _HOST.fullmatch(name.strip())
    return host[1] if host else name


def outlet(name: str) -> str:
    """A publisher as it is counted.

    Parameters
    ----------
    name : str
        As published, or as :func:`hydra_quant.news.reading.publisher_name` leaves it.

    Returns
    -------
    Small letters and digits alone, look-alikes as the Latin letters they are drawn as, a host
    without its sub-domains and ending; empty for who has no name.
    """
    plain = unicodedata.normalize("NFKC", name).casefold().translate(_LOOKS)
    seen = "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
    kept = "".join(letter for letter in bare_host(seen.strip(" .")) if letter.isalnum())
    return "" if kept in UNNAMED else kept
