"""Product (d), receivable vouchers, from domain.md 3.0, 3.4 and 3.7 (and E15).

What 3.4 leaves open and contracts/voucher/README.md decides is marked "decision".
"""
import hashlib
import os
from datetime import date, timedelta

from ledger import CODES, ROLES, defines, need, params, workday_add
from model import PPM, half_up

HEADER = os.path.join(os.path.dirname(__file__), '../../include/zyd/voucher.h')
E, S, L = (defines(HEADER, 'ZYD_VOUCHER_' + t) for t in ('EVENTS', 'STATES', 'LABELS'))
TABLE = params(HEADER, 'ZYD_VOUCHER_PARAMS')
BANK_ROLE, AUD_ROLE = 1, 6
LINKS = 15  # decision: prior holders before a discount
ONE = timedelta(days=1)


def months_after(d, n):
    """n calendar months later; the last day of the month where there is no such day."""
    y, m = divmod(d.year * 12 + d.month - 1 + n, 12)
    for day in (d.day, 30, 29, 28):
        try:
            return date(y, m + 1, day)
        except ValueError:
            pass


def known(member):
    need(member < len(ROLES), 9105)
    return member


def a_bank(v, member):
    """Who finances: a bank, neither the debtor nor the holder."""
    need(ROLES[known(member)] == BANK_ROLE, 9105)
    need(member not in (v.core, v.holder), 4008)


class Voucher:
    def __init__(self, g, core, holder, face, due, number, depth=0, links=()):
        self.g, self.core, self.holder, self.face, self.due = g, core, holder, face, due
        self.number, self.depth, self.links = number, depth, list(links)  # links: (prior holder, with recourse)
        self.state, self.financed, self.unearned, self.id = 'ACTIVE', False, 0, None
        self.freezer = self.pledgee = self.payable = self.note = None
        self.owed = self.called = 0

    OWN = ('state', 'holder', 'pledgee', 'financed', 'unearned', 'owed', 'payable', 'called')

    def image(self):
        """Without what an auditor lays over it."""
        return [getattr(self, k) for k in self.OWN], list(self.links)

    @property
    def v(self):
        return f'.V{self.number}'

    @property
    def in_time(self):
        """Last day on which CORE pays in time."""
        return workday_add(self.payable, self.g.p['DEFAULT_WD'])

    def receiver(self, i):
        return self.holder if i + 1 == len(self.links) else self.links[i + 1][0]


class Programme:
    def __init__(self, number, books, shared, p):
        self.number, self.b, self.shared, self.p = number, books, shared, p
        self.lines, self.vouchers, self.serial = {}, [], 0

    # ---- the core firm's debt ----
    def line(self, bank, core, limit, until):
        need(known(core) != bank, 4004)
        need(ROLES[bank] == BANK_ROLE, 9102)
        old = self.lines.get(core)
        others = [old[3]] if old and old[2] > 0 and old[3] != bank else []   # decision: a used line stays with its bank
        self.b.sign(bank, *others)
        self.lines[core] = [limit, until, old[2] if old else 0, bank]

    def issue(self, today, core, supplier, face, due, reason, invoices):
        known(supplier)
        need(due > today, 9112)
        need(due <= months_after(today, self.p['TERM_MONTHS']), 4001)
        need(reason is not None or due <= months_after(today, self.p['REASON_MONTHS']), 4001)
        ids = [i for i, _ in invoices]
        need(0 < len(ids) <= 64, 9104)
        left, todo = [], face
        for n, (i, amount) in enumerate(invoices):
            need(n == 0 or ids[n - 1] < i, 9104)
            there = self.shared['invoices'].get(i, [core, supplier, amount, amount])
            need(there[:3] == [core, supplier, amount] and there[3] > 0, 4003)
            need(todo > 0, 9104)  # decision: an invoice that the face does not need is not listed
            left.append(there[3])
            todo -= min(todo, there[3])
        need(todo == 0, 4003)
        need(supplier != core, 4004)
        line = self.lines.get(core)
        need(line is not None and today <= line[1] and line[2] + face <= line[0], 4002)
        self.b.sign(core, *([line[3]] if reason is not None else []))
        line[2] += face
        self.serial += 1
        v = Voucher(self, core, supplier, face, due, self.serial)
        v.state, v.used = 'OFFERED', []
        v.until = min(today + timedelta(days=self.p['OFFER_DAYS']), due - ONE)  # decision: not on the day it is to be paid
        todo = face
        for (i, amount), there in zip(invoices, left):
            take = min(todo, there)
            self.shared['invoices'][i] = [core, supplier, amount, there - take]
            v.used.append((i, take))
            todo -= take
        self.vouchers.append(v)
        return v

    def accept(self, v):
        self.must_be(v, 'OFFERED')
        self.b.sign(v.holder)
        v.state = 'ACTIVE'
        self.b.post(v.core, L['ISSUE'], '2001.' + CODES[v.holder], '2161' + v.v, v.face)
        self.b.post(v.holder, L['ISSUE'], '1161' + v.v, '1122.' + CODES[v.core], v.face)

    def cancel(self, v, sys=False):
        if not sys:
            self.must_be(v, 'OFFERED')
            self.b.sign(v.core)
        v.state = 'CANCELLED'
        self.lines[v.core][2] -= v.face
        for i, take in v.used:
            self.shared['invoices'][i][3] += take

    # ---- passing on ----
    def unfrozen(self, v):
        need(v.freezer is None, 9110)

    def must_be(self, v, state):
        self.unfrozen(v)
        need(v.state == state, 9111)

    def spendable(self, v):
        self.unfrozen(v)
        need(v.state not in ('SPENT', 'FINANCED', 'PLEDGED'), 4005)
        need(v.state != 'DEFAULTED', 4010)
        need(v.state == 'ACTIVE', 9111)

    def child(self, v, index, holder, face, number, depth, links):
        c = Voucher(self, v.core, holder, face, v.due, number, depth, links)
        c.id = hashlib.sha256(b'zyd/voucher/child' + bytes.fromhex(v.id) + index.to_bytes(2, 'big')).hexdigest()
        self.vouchers.append(c)

    def split(self, v, faces):
        self.spendable(v)
        need(2 <= len(faces) <= 100 and sum(faces) == v.face and min(faces) >= 1, 4006)
        need(v.depth + 1 <= self.p['DEPTH_MAX'], 4007)
        self.b.sign(v.holder)
        v.state = 'SPENT'
        for i, face in enumerate(faces):
            self.serial += 1
            self.child(v, i, v.holder, face, self.serial, v.depth + 1, v.links)
            self.b.post(v.holder, L['SPLIT'], f'1161.V{self.serial}', '1161' + v.v, face)
            self.b.post(v.core, L['SPLIT'], '2161' + v.v, f'2161.V{self.serial}', face)

    def transfer(self, v, payee, recourse):
        self.spendable(v)
        known(payee)
        need(payee not in (v.core, v.holder) and ROLES[payee] != BANK_ROLE, 4008)
        need(len(v.links) < LINKS, 4007)
        self.b.sign(v.holder, payee)
        v.state = 'SPENT'
        self.child(v, 0, payee, v.face, v.number, v.depth, v.links + [(v.holder, recourse)])
        self.b.post(v.holder, L['TRANSFER'], '2001.' + CODES[payee], '1161' + v.v, v.face)
        self.b.post(payee, L['TRANSFER'], '1161' + v.v, '1122.' + CODES[v.holder], v.face)

    def freeze(self, v, who):
        self.unfrozen(v)
        need(ROLES[who] == AUD_ROLE, 9102)
        self.b.sign(who)
        v.freezer = who

    def unfreeze(self, v):
        need(v.freezer is not None, 9111)
        self.b.sign(v.freezer)
        v.freezer = None

    # ---- banks ----
    def cost(self, today, v, rate):
        return half_up(v.face * (v.due - today).days * rate, PPM * self.p['BASIS'])

    def registered(self, number):
        """One registration (中登网) stands for one financing."""
        need(number is not None and number not in self.shared['registrations'], 4009)

    def discount(self, today, v, bank, rate, registration, cost, recourse):
        self.spendable(v)
        a_bank(v, bank)
        self.registered(registration)
        interest = self.cost(today, v, rate)
        need(rate <= self.p['RATE_CAP'] and interest < v.face, 9104)
        need(cost == interest, 4006)
        self.b.sign(v.holder, bank)
        self.shared['registrations'].add(registration)
        seller, v.holder, v.state, v.unearned, v.financed = v.holder, bank, 'FINANCED', interest, True
        v.links.append((seller, recourse))
        d = L['DISCOUNT']
        self.b.post(bank, d, '1171' + v.v, '2101.' + CODES[seller], v.face - interest)
        self.b.post(bank, d, '1171' + v.v, '2152' + v.v, interest)
        self.b.post(seller, d, '1002.' + CODES[bank], '1161' + v.v, v.face - interest)
        self.b.post(seller, d, '5041', '1161' + v.v, interest)

    def pledge(self, v, bank, registration):
        self.spendable(v)
        a_bank(v, bank)
        self.registered(registration)
        self.b.sign(v.holder, bank)
        self.shared['registrations'].add(registration)
        v.state, v.pledgee = 'PLEDGED', bank
        self.b.post(bank, L['PLEDGE'], '9001' + v.v, '9002' + v.v, v.face)

    def pledge_ends(self, v):
        if v.pledgee is not None:
            self.b.post(v.pledgee, L['UNPLEDGE'], '9002' + v.v, '9001' + v.v, v.face)
            v.pledgee = None

    def unpledge(self, v):
        self.unfrozen(v)
        need(v.pledgee is not None, 9111)
        self.b.sign(v.pledgee)
        self.pledge_ends(v)
        if v.state == 'PLEDGED':
            v.state = 'ACTIVE'

    # ---- the end ----
    def fall_due(self, today, v, fen, label):
        """CORE owes fen; the rest of the face is given up."""
        held = ('1171' if v.financed else '1161') + v.v
        self.b.oblige_post(v.core, '2161' + v.v, v.holder, held, fen, label, lambda: self.paid(v))
        self.b.post(v.core, label, '2161' + v.v, '4011', v.face - fen)
        self.b.post(v.holder, label, '5041', held, v.face - fen)
        self.b.post(v.holder, label, '2152' + v.v, '4011', v.unearned)
        v.unearned, v.owed, v.payable, v.state = 0, fen, today, 'MATURED'

    def mature(self, v):
        """SYS, on the due date, and its default counts from there also when a REVERSE of PREPAY comes after it."""
        self.fall_due(v.due, v, v.face, L['MATURITY'])

    def prepay(self, today, v, discount):
        self.unfrozen(v)
        if v.state != 'FINANCED':
            self.spendable(v)
        need(discount < v.face, 4006)
        self.b.sign(v.core, v.holder)
        self.fall_due(today, v, v.face - discount, L['PREPAY'])

    def default(self, v):
        """SYS, due + 3 wd."""
        v.state = 'DEFAULTED'
        self.b.warnings.append(4010)
        self.recourse(v)

    def declare(self, today, v):
        self.must_be(v, 'MATURED')
        need(today > v.in_time, 9112)

    def recourse(self, v):
        """Back along the prior holders, the last first, one after the other, as long as each passed it on with recourse."""
        i = len(v.links) - v.called - 1
        if i < 0 or not v.links[i][1]:
            return
        v.called += 1

        def settled():
            if v.state == 'DEFAULTED':
                self.recourse(v)
        self.b.oblige_post(v.links[i][0], '1165' + v.v, v.receiver(i), '2171' + v.v, v.owed, L['RECOURSE'], settled)

    def paid(self, v):
        """CORE paid; late, it is passed on along the same links."""
        v.state = 'PAID'
        self.lines[v.core][2] -= v.face
        self.pledge_ends(v)  # decision: the memo goes with the payment
        for n in range(1, v.called + 1):
            i = len(v.links) - n
            self.b.oblige_post(v.receiver(i), '2171' + v.v, v.links[i][0], '1165' + v.v, v.owed, L['PASS_ON'])

    # ---- corrections (3.0.10) ----
    def reversible(self, v, event, registration=None):
        """ACCEPT, DISCOUNT, PLEDGE, UNPLEDGE, PREPAY (decision: a spend stands, I7)."""
        before = v.image()
        event()
        v.note = self.b.note((before, registration), v.image())

    def reverse(self, v, op):
        self.b.can_reverse(v.note, op, v.image())
        self.b.mirror(v.note)
        (own, links), registration = v.note.before
        for k, x in zip(v.OWN, own):
            setattr(v, k, x)
        v.links, v.note = list(links), None
        self.shared['registrations'].discard(registration)
