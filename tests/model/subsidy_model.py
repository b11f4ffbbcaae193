"""Product (c), interest subsidies, from domain.md 3.0, 3.3 and 3.7 (and E11 to E14); and its random histories.

Everything is summed day by day: who ranks before whom under a household's cap, at which rate of which level.
"""
import os
from datetime import date, timedelta

import wire
from ledger import BANK, BANK2, CFIN, CITY, CODES, COUNTY, DEPT, PFIN, History, Refused, Silent, defines, params, slots
from model import PPM, alloc, half_up, next_settlement

HEADER = os.path.join(os.path.dirname(__file__), '../../include/zyd/subsidy.h')
E, S, L = (defines(HEADER, 'ZYD_SUBSIDY_' + t) for t in ('EVENTS', 'STATES', 'LABELS'))
TABLE = params(HEADER, 'ZYD_SUBSIDY_PARAMS')
CUT, ABOVE, INTEREST, LPR = 1, 2, 3, 4
DAY = timedelta(days=1)


def need(ok, code):
    if not ok:
        raise Refused(code)


class Loan:
    def __init__(self, bank, borrower, household, amount, start, maturity, rate, lpr):
        self.bank, self.borrower, self.household, self.start, self.maturity = bank, borrower, household, start, maturity
        self.first = (start, rate, lpr, amount)
        self.points = [self.first]
        self.levels, self.periods, self.settled_to = {}, {}, start

    @property
    def borr(self):
        return self.borrower[:8].hex()

    def at(self, day):
        return [p for p in self.points if p[0] <= day][-1][1:]

    def sum(self, a, b, f):
        """f(day, rate, lpr, balance) over a..b, b not counted."""
        return sum(f(a + DAY * i, *self.at(a + DAY * i)) for i in range((b - a).days))


class Enrolment:
    def __init__(self, g, loan):
        self.g, self.loan = g, loan
        self.start = self.settled_to = loan.start
        self.until = min(loan.maturity, loan.start + DAY * g.p['MAX_DAYS'])
        self.state, self.paid, self.clawed = 'ENROLLED', [0] * len(g.cost), [0] * len(g.cost)

    def asks(self, day, balance):
        return min(balance, self.g.p['LOAN_CAP']) if self.start <= day < self.until else 0

    def rate(self, day, rate, lpr):
        p = self.g.p
        if p['KIND'] == CUT:
            return p['RATE_PPM']
        if p['KIND'] == ABOVE:
            return max(0, rate - max(0, lpr - p['FLOOR_PPM']))
        return lpr * p['RATE_PPM'] // PPM


class Programme:
    def __init__(self, number, books, cost, **p):
        self.number, self.b, self.cost, self.p = number, books, cost, p
        self.all = []

    def eligible(self, e, day):
        """F2: max(0, cap - sum of what earlier ranks get)."""
        before = 0
        for x in self.all:
            if x.loan.household != e.loan.household:
                continue
            got = max(0, min(x.asks(day, x.loan.at(day)[2]) if day >= x.start else 0, self.p['HOUSEHOLD_CAP'] - before))
            if x is e:
                return got
            before += got

    def enrol(self, today, loan):
        need(loan.start <= today, 9112)
        need(self.p['LEVEL'] not in loan.levels, 3001)
        e = Enrolment(self, loan)
        self.all.append(e)
        full = self.eligible(e, loan.start) == 0
        self.all.pop()
        if any(y.settled_to > loan.start or y.settled_to >= y.until for y in self.all if y.loan.household == loan.household):
            raise Silent                      # a household's days that are settled
        need(not full, 3002)
        self.all.append(e)
        loan.levels[self.p['LEVEL']] = e
        return e

    def effective(self, e, day, rate, lpr):
        """E11: a level's rate is at most what earlier levels leave of the loan's."""
        left = rate
        for level in sorted(e.loan.levels):
            x = e.loan.levels[level]
            mine = 0
            if x.start <= day < x.until:
                share = x.g.p['KIND'] == INTEREST  # of the interest is as much of the rate
                mine = min(rate * x.g.p['RATE_PPM'] // PPM if share else x.rate(day, rate, lpr), left)
            if x is e:
                return mine
            left -= mine

    def amount(self, e, a, b):
        b = min(b, e.until)
        basis = self.p['BASIS']
        if self.p['KIND'] == INTEREST:
            n = e.loan.sum(a, b, lambda d, r, l, bal: self.eligible(e, d) * r)
            return half_up(n, PPM * basis) * self.p['RATE_PPM'] // PPM                        # ruling 32, E13
        return half_up(e.loan.sum(a, b, lambda d, r, l, bal: self.eligible(e, d) * self.effective(e, d, r, l)), PPM * basis)

    def next(self, e):
        d = next_settlement(e.settled_to, self.p['SETTLE_DAY'], [3, 6, 9, 12])
        return min(d, e.loan.maturity)

    def settle(self, today, e, to, interest):
        x = e.loan
        need(e.state in ('ENROLLED', 'ACCRUING', 'STOPPED'), 9111)
        waits = any(level < self.p['LEVEL'] and y.settled_to < min(to, y.until) and y.state != 'CLAWBACK'
                    for level, y in x.levels.items())
        if e.settled_to >= e.until and (waits or to > today):
            raise Silent                      # two reasons
        need(e.settled_to < e.until, 3007)
        need(to == self.next(e) and to <= today, 9112)
        need(not waits, 9111)
        whole = half_up(x.sum(e.settled_to, to, lambda d, r, l, bal: bal * r), PPM * self.p['BASIS'])
        need(interest <= whole, 3005)
        if interest != whole:
            raise Silent
        key = (e.settled_to, to)
        given = x.periods.get(key)
        if given is None:
            self.b.post(x.bank, L['INT'], '2101.' + x.borr, '4011', whole)
            given = 0
        fen = min(self.amount(e, e.settled_to, to), whole - given)
        assert fen >= 0
        x.periods[key] = given + fen
        x.settled_to = max(x.settled_to, to)
        for i, v in enumerate(alloc(sum(e.paid) + fen, [w for _, w in self.cost], e.paid)):
            self.b.oblige_post(self.cost[i][0], '5031', x.bank, '2101.' + x.borr, v, L['SUBSIDY'])
        e.settled_to = to
        if e.state == 'ENROLLED':
            e.state = 'ACCRUING'

    def change(self, today, x, day, rate, lpr, balance, less=False):
        need(day <= today and day >= x.points[-1][0] and day >= x.settled_to, 9112)
        if day >= x.maturity:
            raise Silent
        need(not less or balance < x.points[-1][3], 9104)
        if day == x.points[-1][0]:
            x.points.pop()
        x.points.append((day, rate, lpr, balance))

    def clawback(self, e, ppm, fen):
        x = e.loan
        paid = sum(e.paid)
        v = half_up(paid * ppm, PPM) if ppm is not None else fen
        need(v <= paid - sum(e.clawed), 3009)
        if v == 0:
            raise Silent
        e.state = 'CLAWBACK'
        inc = alloc(sum(e.clawed) + v, e.paid, e.clawed)                                              # E14
        for (who, _), part in zip(self.cost, inc):
            o = self.b.oblige(x.bank, who, part) if part else None
            self.b.post(x.bank, L['CLAWBACK'], '1165.' + x.borr, '2141.' + CODES[who], part, o)
            self.b.post(who, L['CLAWBACK'], '1141.' + CODES[x.bank], '5031', part, o)
        self.b.post(x.bank, L['DEBIT_BORR'], '2101.' + x.borr, '1165.' + x.borr, v)


class SubsidyHistory(History):
    CONTRACT, PLUGIN = 3, 'subsidy'

    def setting(self, number, level):
        r = self.r
        who = r.sample([CFIN, PFIN, CITY, COUNTY], r.randint(1, 4))
        cuts = sorted(r.sample(range(1, PPM), len(who) - 1))
        cost = [(w, b - a) for w, a, b in zip(who, [0] + cuts, cuts + [PPM])]
        kind = r.choice([CUT, ABOVE, INTEREST, LPR])
        cap = r.choice([9 * 10**15, r.randint(10**7, 10**9)])
        p = dict(TABLE, KIND=kind, LEVEL=level, FAMILY=1, FLOOR_PPM=r.choice([15000, 0, 5000]), BASIS=self.basis, PAY_MODE=2,
                 RATE_PPM=r.choice([500000, 700000, 333000]) if kind in (INTEREST, LPR) else r.choice([5000, 10000, 25000]),
                 HOUSEHOLD_CAP=cap, LOAN_CAP=r.choice([9 * 10**15, r.randint(10**6, 10**9)]), MAX_DAYS=r.choice([1096, 1096, 200]),
                 SETTLE_DAY=self.day, DEPT=DEPT)
        return (number, 3, f'P{number}', 0, wire.pack([slots(TABLE, p), [BANK, BANK2], [list(c) for c in cost]])), cost, p

    def plan(self, first):
        r = self.r
        self.basis, self.day = r.choice([360, 365]), r.randint(1, 28)
        made = [self.setting(first + i, level) for i, level in enumerate(sorted(r.sample([1, 2, 3, 4], r.randint(1, 2))))]
        self.g = [Programme(m[0][0], self.books, m[1], **m[2]) for m in made]
        self.loans = []
        return [m[0] for m in made]

    def turns(self):
        return self.r.randint(8, 30)

    def turn(self):
        r = self.r
        if r.random() < 0.6:
            self.advance(r.choice([1, 7, r.randint(1, 60)]))
        self.step()

    def sys(self, outcomes):
        for g in self.g:
            for e in g.all:
                if e.state in ('ENROLLED', 'ACCRUING') and self.today >= e.until:
                    e.state = 'STOPPED'

    def do(self, g, name, member, obj, args, run, signers=(), made=None):
        def go():
            self.books.programme = g.number
            run()
        ok = self.act(name, E[name], g.number, member, obj, args, [s for s in signers if s != member], go, made)
        for h in self.g:
            for e in h.all:
                v = self.d.record(3, e.id)
                i64 = lambda at: int.from_bytes(v[at:at + 8], 'little')
                self.expect('enrolment: state paid clawed', (S[e.state], sum(e.paid), sum(e.clawed)), (v[1], i64(48), i64(56)))
        return ok

    def step(self):
        r, t = self.r, self.today
        if self.owed and r.random() < 0.3:
            return self.pay(r.choice(self.owed))
        k = r.random()
        if k < 0.2 or not self.loans:
            rate = r.choice([43500, 35000, 30000])
            start = t - timedelta(days=r.choice([0, 0, 5]))
            x = Loan(r.choice([BANK, BANK2]), bytes([r.randint(1, 3)]) * 32, bytes([r.randint(1, 2)]) * 32,
                     r.choice([r.randint(10**6, 10**8), r.randint(10**8, 10**10)]), start,
                     start + timedelta(days=r.choice([90, 180, 365, r.randint(20, 500)])), rate, r.choice([30000, 31000]))
            x.id = bytes([len(self.loans) + 1]) * 32
            self.loans.append(x)
            return self.enrol(r.choice(self.g), x)
        if k < 0.35:
            return self.enrol(r.choice(self.g), r.choice(self.loans))
        some = [(g, e) for g in self.g for e in g.all]
        if not some:
            return
        g, e = r.choice(some)
        x = e.loan
        if k < 0.5:
            day = max(x.points[-1][0], x.settled_to, t - timedelta(days=r.choice([0, 1, 10])))
            day = r.choice([day] * 9 + [x.points[-1][0] - DAY])
            rate, lpr, balance = x.points[-1][1:]
            if day >= x.maturity:
                return
            if r.random() < 0.7:
                balance = r.randint(1, balance)
                self.do(g, 'REPAY_CHANGE', x.bank, e.id, [wire.day(day), balance],
                        lambda: g.change(t, x, day, rate, lpr, balance, True))
            else:
                rate, lpr = r.choice([30000, 40000, 52000]), r.choice([28000, 30000, 36000])
                self.do(g, 'RATE_CHANGE', x.bank, e.id, [wire.day(day), rate, lpr], lambda: g.change(t, x, day, rate, lpr, balance))
        elif k < 0.95:
            to = r.choice([g.next(e)] * 9 + [g.next(e) + DAY])
            whole = half_up(x.sum(e.settled_to, to, lambda d, a, l, bal: bal * a), PPM * self.basis) if to <= t + DAY else 1
            whole += r.random() < 0.05
            self.do(g, 'SETTLE', x.bank, e.id, [wire.day(to), whole, None, None, bytes(32)],
                    lambda: g.settle(t, e, to, whole), signers=[w for w, _ in g.cost])
        else:
            ppm, fen = r.choice([(r.randint(1, PPM), None), (None, r.randint(1, max(1, sum(e.paid))) + r.choice([0, 0, 10**9]))])
            self.do(g, 'CLAWBACK', DEPT, e.id, [bytes(32), ppm, fen], lambda: g.clawback(e, ppm, fen))

    def enrol(self, g, x):
        rate, lpr, balance = x.points[0][1:]
        if x.points != [x.first] or x.settled_to != x.start:
            return
        box = []
        self.do(g, 'ENROL', x.bank, None, [x.borrower, x.household, x.id, None, None, balance, wire.day(x.start),
                                          wire.day(x.maturity), rate, lpr, None, None, None, None],
                lambda: box.append(g.enrol(self.today, x)), signers=[DEPT], made=lambda o: setattr(box[0], 'id', o))
