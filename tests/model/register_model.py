"""Figures and grades that an authority attests (contracts/register/README.md; domain.md 5.6): one that stands for each subject,
and corrections that name what they correct."""
import os

from ledger import defines, need, params

HEADER = os.path.join(os.path.dirname(__file__), '../../include/zyd/register.h')
E, S = (defines(HEADER, 'ZYD_REGISTER_' + t) for t in ('EVENTS', 'STATES'))
TABLE = params(HEADER, 'ZYD_REGISTER_PARAMS')
CHECKED = {c: i for i, c in enumerate('0123456789ABCDEFGHJKLMNPQRTUWXY')}


def good_firm(code):
    """E19."""
    if len(code) != 18 or any(c not in CHECKED for c in code):
        return False
    s = sum(CHECKED[c] * pow(3, i, 31) for i, c in enumerate(code[:17]))
    return (31 - s % 31) % 31 == CHECKED[code[17]]


def good_borrower(borrower):
    return good_firm(borrower) if isinstance(borrower, str) else len(borrower) == 32


class Record:
    def __init__(self, key, value, authority, today, until, replaces):
        self.key, self.value, self.authority, self.attested, self.until = key, value, authority, today, until
        self.replaces, self.replaced_by, self.state = replaces, None, 'STANDS'


class Register:
    def __init__(self, number, books, authority, grader):
        self.number, self.b, self.authority, self.grader = number, books, authority, grader
        self.current, self.records = {}, []

    def grade(self, borrower, today):
        """As it stands today; 0: none, or no longer valid."""
        x = self.current.get(('GRADE', borrower))
        return x.value if x is not None and today <= x.until else 0

    def attest_grade(self, today, borrower, value, until, replaces):
        need(good_borrower(borrower), 9105)
        need(1 <= value <= 9, 9104)
        need(until >= today, 9112)
        return self.attest(('GRADE', borrower), value, self.grader, today, until, replaces)

    def attest_tax(self, today, county, year, fen, replaces):
        need(county >= 100000, 9104)
        need(1994 <= year < today.year, 9112)
        return self.attest(('TAX', county, year), fen, self.authority, today, None, replaces)

    def attest(self, key, value, authority, today, until, replaces):
        now = self.current.get(key)
        need(now is None or replaces is not None, 6001)
        need(replaces is None or now is not None and now.id == replaces, 6002)
        need(authority is not None, 9102)
        self.b.sign(authority)
        x = Record(key, value, authority, today, until, replaces)
        if now is not None:
            now.state, now.replaced_by = 'REPLACED', x
        self.current[key] = x
        self.records.append(x)
        return x
