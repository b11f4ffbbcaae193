"""Product (e), the netting cycle, from domain.md 3.0, 3.5, rulings 27 to 31 and E16.

A cycle takes NET obligations of every programme on the ledger that names it: of its own OPENINGs, and of other products.
"""
import hashlib
import os
from datetime import date

from ledger import BANK, BANK2, FISCAL, GUAR, NFGF, PFIN, REG, ROLES, defines, params

HEADER = os.path.join(os.path.dirname(__file__), '../../include/zyd/cycle.h')
E, S, L = (defines(HEADER, 'ZYD_CYCLE_' + t) for t in ('EVENTS', 'STATES', 'LABELS'))
TABLE = params(HEADER, 'ZYD_CYCLE_PARAMS')
NETTED = 0xff03
DAY, MINUTE, HOURS8 = 86400000, 60000, 8 * 3600000
PARTIES = (BANK, BANK2, GUAR, REG, NFGF, PFIN)
ACCOUNTS = {GUAR: (BANK, '6222-GUAR'), REG: (BANK2, '6222-REG'), NFGF: (BANK2, '6222-NFGF')}
IN, REFUSED, LEFT, DONE = 1, 2, 3, 4


def day_of(ms):
    return date.fromordinal(date(1970, 1, 1).toordinal() + (ms + HOURS8) // DAY)


def sha(data):
    return hashlib.sha256(data).digest()


def payments(position):
    """Instruction rule: the largest debtor pays the largest creditor what both allow; ties by member."""
    left, out = {m: v for m, v in position.items() if v}, []
    while left:
        d = min(left, key=lambda m: (left[m], m))
        c = min(left, key=lambda m: (-left[m], m))
        v = min(-left[d], left[c])
        assert v > 0                                                                  # I5
        out.append((v, d, c))
        for m, x in ((d, v), (c, -v)):
            left[m] += x
            if not left[m]:
                del left[m]
    return out


class Instruction:
    def __init__(self, amount, payer, payee):
        self.amount, self.payer, self.payee = amount, payer, payee
        self.notices, self.state, self.e2e = set(), 'OPEN', None


class Cycle:
    def __init__(self, life, number, id_, owed):
        self.life, self.number, self.id, self.owed = life, number, id_, owed
        self.status = {o: IN for o in owed}
        self.gross, self.round, self.instructions = [], 0, []
        self.confirmed, self.refused_by, self.refused = set(), set(), set()
        self.paid, self.received = {}, {}
        self.state = 'COMPUTED'
        self.confirm_ms = self.pay_ms = None
        for o in owed:
            o.state = 'LOCKED'

    def inside(self):
        return [o for o in self.owed if self.status[o] == IN]

    def flows(self):
        into, out = {}, {}
        for o in self.inside():
            out[o.debtor] = out.get(o.debtor, 0) + o.amount
            into[o.creditor] = into.get(o.creditor, 0) + o.amount
        return into, out

    def position(self):
        into, out = self.flows()
        p = {m: into.get(m, 0) - out.get(m, 0) for m in set(into) | set(out)}
        assert sum(p.values()) == 0
        return p

    def residual(self):
        p = self.position()
        for m in set(p) | set(self.paid) | set(self.received):
            p[m] = p.get(m, 0) + self.paid.get(m, 0) - self.received.get(m, 0)
        return p

    def open_instructions(self):
        return [i for i in self.instructions if i.state == 'OPEN']

    # -- steps --
    def compute(self, at):
        fiscal = {m for o in self.gross for m in (o.debtor, o.creditor) if ROLES[m] == FISCAL} if self.round == 0 else set()
        self.needed = {m for m, v in self.position().items() if v} | fiscal
        self.fiscal = fiscal
        self.confirmed, self.refused_by, self.refused = set(), set(), set()
        self.state = 'COMPUTED'
        self.confirm_ms = at + self.life.p['CONFIRM_MIN'] * MINUTE
        if not self.needed:
            self.instruct(at)

    def confirm(self, member, refused, at):
        (self.refused_by if refused else self.confirmed).add(member)
        self.refused |= set(refused)
        if self.needed <= self.confirmed | self.refused_by:
            self.answered(at)

    def answered(self, at):
        """All have answered, or their time is over: who is silent refuses all of its own (ruling 28)."""
        silent = self.needed - self.confirmed - self.refused_by - self.fiscal
        gone = set(self.refused) | {o for o in self.inside() if {o.debtor, o.creditor} & silent}
        if not gone and not silent:
            return self.instruct(at)
        if self.round == 2:
            for o in self.inside():
                self.leave(o, LEFT)
            self.state = 'CLOSED'
            return
        for o in gone:
            self.leave(o, LEFT)
        self.round += 1
        if not self.inside():
            self.state = 'CLOSED'
            return
        self.compute(at)

    def leave(self, o, status):
        self.status[o] = status
        o.state = 'CREATED'
        self.life.seen.discard(o.id)  # it joins the list again

    def instruct(self, at, minutes=None):
        for v, d, c in payments(self.residual()):
            self.instructions.append(Instruction(v, d, c))
        self.state = 'INSTRUCTED'
        for o in self.inside():
            o.state = 'INSTRUCTED'
        self.pay_ms = at + (minutes or self.life.p['PAY_MIN']) * MINUTE
        self.ripe = not self.open_instructions()

    def fail(self, at):
        """Ruling 30."""
        out = {i.payer for i in self.open_instructions()}
        for i in self.open_instructions():
            i.state = 'VOID'
        for o in self.inside():
            if {o.debtor, o.creditor} & out:
                self.leave(o, LEFT)
        self.instruct(at, self.life.p['FAIL_MIN'])

    def match(self, i, side):
        i.notices.add(side)
        if self.state == 'INSTRUCTED':
            self.state = 'SETTLING'
        if i.notices == {1, 2} or self.life.p['CONFIRM_MODE'] == 2:  # decision: an agent's one notice of a payment proves it
            i.state = 'MATCHED'
            self.paid[i.payer] = self.paid.get(i.payer, 0) + i.amount
            self.received[i.payee] = self.received.get(i.payee, 0) + i.amount
            self.ripe = not self.open_instructions()

    ripe = False

    def settle(self):
        self.ripe = False
        b, life = self.life.books, self.life
        codes = life.codes
        for o in self.inside():
            b.programme = o.programme
            b.post(o.debtor, NETTED, '2141.' + codes[o.creditor], '2199', o.amount, o)
            b.post(o.creditor, NETTED, '2199', '1141.' + codes[o.debtor], o.amount, o)
            self.status[o] = DONE
            o.state = 'SETTLED'
            life.w.owed.remove(o)
            life.w.paid.append(o)
        b.programme = life.number
        for i in self.instructions:
            if i.state == 'MATCHED':
                b.post(i.payer, L['PAID'], '2199', '1001', i.amount)
                b.post(i.payee, L['PAID'], '1001', '2199', i.amount)
        self.state = 'CLOSED'
