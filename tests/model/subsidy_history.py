"""Random lives of subsidised loans: levels that stack, households over banks, budgets, stops, extensions, clawbacks, refunds of
fees; and what is refused."""
import struct
from datetime import timedelta

import wire
from ledger import AUD, AUD2, BANK, BANK2, CFIN, CITY, COUNTY, DEPT, LGOV, PFIN, slots
from mixed import Mixed
from model import PPM
from subsidy_model import (ABOVE, CANCELLED, CUT, DAY, FEE, INTEREST, LPR, MISUSE, NET, OPEN_STATES, OVERDUE, REFUND, SB,
                           TABLE, E,
                           Programme, S)

ON_ENROLMENT = tuple(n for n in E if n not in ('ENROL', 'PROGRAMME'))
MOST = 9 * 10**15
QUARTERS, MONTHS = 0x924, 0xfff


class SubsidyHistory(Mixed):
    CONTRACT, PLUGIN, WARNS = 3, 'subsidy', True
    EVENTS = E
    MAKING = ('ENROL', 'PROGRAMME')
    ON_OBJECT = ON_ENROLMENT

    def setting(self, number, level):
        r = self.r
        who = r.sample([CFIN, PFIN, CITY, COUNTY, LGOV], r.randint(1, 4))
        cuts = sorted(r.sample(range(1, PPM), len(who) - 1))
        cost = [(w, b - a) for w, a, b in zip(who, [0] + cuts, cuts + [PPM])]
        kind = r.choice([CUT, ABOVE, INTEREST, LPR, FEE])
        share = r.choice([500000, 700000, 333333, PPM, r.randint(1, PPM)])
        p = dict(TABLE, KIND=kind, LEVEL=level, FAMILY=r.choice([1, 1, 2]), FLOOR_PPM=r.choice([15000, 0, 5000]),
                 BASIS=self.basis,
                 PAY_MODE=r.choice([REFUND, NET]), FEE_BASIS=r.choice([360, 365]),
                 RATE_PPM=share if kind in (INTEREST, LPR, FEE) else r.choice([5000, 10000, 25000, 40000]),
                 HOUSEHOLD_CAP=r.choice([MOST, r.randint(1, 2 * self.scale)]), LOAN_CAP=r.choice([MOST, r.randint(1,
                         self.scale)]),
                 MAX_DAYS=r.choice([1096, 1096, 200, 60]), SETTLE_DAY=self.but(self.day, 1, p=0.04),
                 SETTLE_MONTHS=self.months, DEPT=DEPT,
                 BUDGET=r.choice([MOST, MOST, r.randint(0, self.scale // 20), r.randint(0, self.scale // 100)]))
        opened = [self.today, self.today + timedelta(days=3000)]
        if self.chance(0.04):
            opened[0] += timedelta(days=r.randint(1, 60))
        if self.chance(0.04):
            opened[1] = opened[0] + timedelta(days=r.randint(60, 200))
        p['OPEN_FROM'], p['OPEN_UNTIL'] = (wire.day(d) for d in opened)
        banks = [BANK, BANK2] if r.random() < 0.9 else [BANK]
        blob = wire.pack([slots(TABLE, p), banks, [list(c) for c in cost]])
        return (number, 3, f'F{number}', 0, blob), cost, banks, dict(p, OPEN=opened)

    def plan(self, first):
        r = self.r
        self.basis, self.day, self.months = r.choice([360, 365]), r.randint(1, 28), r.choice([QUARTERS, QUARTERS, MONTHS])
        self.scale = 10**r.randint(4, 10)
        levels = sorted(r.choice([1, 2, 3, 4, 4]) for _ in range(r.randint(1, 4)))
        made = [self.setting(first + i, level) for i, level in enumerate(levels)]
        shared = dict(loans={}, houses={}, purposes={}, controllers={})
        self.shared = shared
        self.g = [Programme(m[0][0], self.books, shared, m[1], m[2], **m[3]) for m in made]
        self.facts, self.minutes = [], []
        return [m[0] for m in made]

    def turns(self):
        return self.r.randint(15, 70)

    def turn(self):
        if self.r.random() < 0.25:
            self.advance(self.r.choice([1, 1, 7, self.r.randint(1, 40)]))
        self.step()

    def sys(self, outcomes):
        for g in self.g:
            for e in g.all:
                g.expire(self.today, e)

    def check(self, g):
        day = lambda d: d.year * 10000 + d.month * 100 + d.day
        mine = [(S[e.state], int(e.fee_changed), day(e.until), day(e.settled_to), e.reserved, sum(e.paid), sum(e.clawed),
                 sum(e.fee_back)) for e in g.all]
        assert all(sum(e.clawed) + sum(e.fee_back) <= sum(e.paid) for e in g.all) and g.left >= 0
        budget = (SB[g.state], g.reserved, g.spent, g.back)
        self.d.later(3, [e.id for e in g.all], lambda got: self.expect(
            'enrolments: state fee_changed until settled_to reserved paid clawed fee_back', mine,
            [(v[1], v[5], *struct.unpack_from('<2i12x4Q', v, 20)) for v in got]))

        def then(got):
            if got[0]:
                self.expect('budget: state reserved paid back', budget, (got[0][0], *struct.unpack_from('<3q', got[0], 8)))
            else:
                self.expect('enrolments where there is no budget', [], mine)
        self.d.later(3, [b'subsidy/budget'.ljust(30, b'\0') + g.number.to_bytes(2, 'big')], then)

    def check_all(self):
        for g in self.g:
            self.check(g)
            for e in g.all:
                self.stats['ended ' + e.state, 0] += 1

    # ---- what happens ----
    def step(self):
        r = self.r
        k = r.random()
        g = r.choice(self.g)
        mine = {q.number for q in self.g}
        debts = [o for o in self.owed if o.programme in mine]
        if debts and k < 0.1:
            return self.pay(r.choice(debts))
        if k < 0.13:
            return self.nonsense(g, [(q, e.id) for q in self.g for e in q.all], self.minutes if len(self.g) == 1 else [])
        if k < 0.14:
            return self.programme(g)
        known = self.facts
        if k < 0.3 and len(known) < 12 or not known:
            return self.new_loan(g)
        if k < 0.38:
            return self.enrol(g, *r.choice(known))
        some = [(q, e) for q in self.g for e in q.all]
        if not some:
            return self.enrol(g, *r.choice(known))
        live = [(q, e) for q, e in some if e.state in OPEN_STATES and not (e.state == 'STOPPED' and e.settled_all)]
        if self.chance(0.04):
            return self.event(*r.choice(some), r.choice(ON_ENROLMENT))
        if not live:
            return self.event(*r.choice(some), r.choice(['CLAWBACK', 'CLOSE']))
        noted = [(q, e) for q, e in some if e.note is not None]
        if noted and r.random() < 0.06:
            return self.event(*r.choice(noted[-3:] if r.random() < 0.5 else noted), 'REVERSE')
        if k < 0.72:
            return self.settle_next(live)
        for q, e in live:
            if e.frozen is not None and r.random() < 0.3:
                return self.event(q, e, 'UNFREEZE')
        g, e = r.choice(live if k < 0.9 else some)
        if e.state == 'CLAWBACK' and r.random() < 0.6:
            return self.event(g, e, 'REINSTATE')
        if g.is_fee and e.loan.paid_off is not None and not e.fee_changed and r.random() < 0.6:
            return self.event(g, e, 'FEE_CHANGE')
        self.event(g, e, r.choice(['REPAY_CHANGE'] * 6 + ['RATE_CHANGE'] * 3 + ['CLAWBACK'] * 4 +
                                  ['EXTEND_CHANGE', 'STOP', 'STOP', 'CLOSE', 'FREEZE']))

    def new_loan(self, g):
        r, t = self.r, self.today
        value_date = t - timedelta(days=r.choice([0, 0, 5, r.randint(0, 90)]))
        maturity = value_date + timedelta(days=r.choice([90, 180, 300, r.randint(20, 320)] + [r.randint(300,
                600)] * (self.months == QUARTERS)))
        fen = r.choice([r.randint(1, self.scale), r.randint(self.scale // 4, self.scale), r.randint(1, 1000)])
        facts = (r.choice([BANK, BANK2]), bytes([r.randint(1, 3)]) * 32, bytes([r.randint(1, 3)]) * 32, fen, value_date,
                 maturity,
                 r.choice([10000, 0, 15000, 10000]), r.choice([43500, 35000, 30000, 0]), r.choice([30000, 31000, 36000]))
        self.facts.append((r.randbytes(32), facts))
        self.enrol(g, *self.facts[-1])

    def enrol(self, g, loan, facts):
        r, t = self.r, self.today
        bank, value_date, maturity = facts[0], facts[4], facts[5]
        if bank not in g.banks and not self.chance(0.1):
            return
        start = None
        if r.random() < 0.2 and not g.is_fee or self.chance(0.02):
            start = value_date + timedelta(days=r.randint(0, max(0, (maturity - value_date).days - 1)))
            start = self.but(start, value_date - DAY, maturity)
        if g.is_fee and not facts[6] and not self.chance(0.1):
            return
        known = self.shared['loans'].get(loan)
        if known is not None:  # rates as they are on the first day
            facts = facts[:7] + known.at(start or value_date)[:2]
        if self.chance(0.05):
            i = r.randrange(1, 9)
            wrong = {1: bytes([9]) * 32, 2: bytes([9]) * 32, 3: facts[3] + 1, 4: value_date + timedelta(days=r.choice([1,
                                                                                                                       700])),
                     5: r.choice([maturity + DAY, value_date]), 6: facts[6] + 1, 7: facts[7] + 1, 8: facts[8] + 1}[i]
            facts = facts[:i] + (wrong,) + facts[i + 1:]
            if known is None:
                loan = r.randbytes(32)
            value_date, maturity = facts[4:6]
        if self.chance(0.02):
            bank = PFIN
            facts = (bank,) + facts[1:]
        purpose = r.choice([None, None, None, None, bytes([r.randint(1, 6)]) * 32 if self.chance(0.3) else r.randbytes(32)])
        controller = r.choice([None, None, None, bytes([r.randint(1, 20)]) * 32])
        first, box = start or value_date, []
        self.do(g, 'ENROL', bank, None,
                [facts[1], facts[2], loan, purpose, controller, facts[3], wire.day(value_date), wire.day(maturity), facts[7],
                 facts[8],
                 wire.day(start) if start else None, facts[6] or None, None, None],
                lambda: box.append(g.enrol(t, bank, loan, facts, first, purpose, controller)), signers=[DEPT],
                made=lambda o: setattr(box[0], 'id', o), swap=False)
        self.check(g) if box else None

    def programme(self, g):
        state = 'OPEN' if g.state == 'SUSPENDED' else self.r.choice(['SUSPENDED'] * 12 + ['CLOSED'])
        state = self.but(state, 'OPEN', 'EXHAUSTED', 'CLOSED')
        self.do(g, 'PROGRAMME', DEPT, None, [SB[state], 'why'], lambda: g.decide(state), made=self.minutes.append)
        if g.state == 'SUSPENDED' and self.r.random() < 0.8:
            self.do(g, 'PROGRAMME', DEPT, None, [SB['OPEN'], 'why'], lambda: g.decide('OPEN'), made=self.minutes.append)

    def settle_next(self, live):
        """Mostly the enrolment whose turn it is; days pass until its period is over."""
        r = self.r
        if r.random() < 0.85:
            x = r.choice(live)[1].loan
            of = [(g, e) for g,
                  e in live if e.loan is x and e.state in OPEN_STATES[:3] and not (g.is_fee and e.settled_to >= x.maturity)]
            if of:
                g, e = min(of, key=lambda y: (not y[0].is_fee, y[1].settled_to, y[0].p['LEVEL']))
                return self.event(g, e, 'SETTLE')
        self.event(*r.choice(live), 'SETTLE')

    def settle(self, g, e):
        r, x = self.r, e.loan
        p, known = x.next_period(e.settled_to)
        if g.is_fee:
            to, charged = x.maturity, x.fee or g.fee(x, x.amount, x.maturity)
        elif p is None:
            to, charged = x.maturity, 1
        else:
            to = p.to
            if to > self.today and r.random() < 0.8:
                self.advance((to - self.today).days)
                p, known = x.next_period(e.settled_to)
                to = p.to if p else to
            charged = p.interest if known else x.whole_interest(p) if p else 1
            if not known and r.random() < 0.05:
                charged = r.randint(0, charged)
        to = self.but(to, to + DAY, to - DAY, p=0.03)
        charged = self.but(charged, charged + 1, max(0, charged - 1), p=0.04)
        paid = r.choice([charged, charged + 5]) if g.p['PAY_MODE'] == REFUND else r.choice([None, charged])
        paid = self.but(paid, None, max(0, charged - 1), p=0.03)
        given = x.fee_given if g.is_fee else p.given if p else 0
        other = r.choice([None] * 6 + [r.randint(0, max(0, charged - given))])
        other = self.but(other, max(0, charged - given) + 1, p=0.03)
        statement = self.but(bytes(32), None, p=0.03)
        t = self.today
        self.do(g, 'SETTLE', x.bank, e.id, [wire.day(to), charged, paid, other, statement],
                lambda: g.reversible(e, lambda: g.settle(t, e, to, charged, paid, other or 0, statement is not None)),
                signers=[w for w, _ in g.cost])

    def event(self, g, e, name):
        r, t, x = self.r, self.today, e.loan
        run = lambda who, args, f, *others, swap=True: self.do(g, name, who, e.id, args, f, signers=others, swap=swap)
        last = max(x.points[-1][0], x.settled_to)
        if name in ('REPAY_CHANGE', 'RATE_CHANGE'):
            day = max(last, t - timedelta(days=r.choice([0, 1, 10])))
            if day >= x.extended and r.random() < 0.8:
                return
            day = self.but(day, x.points[-1][0] - DAY, x.settled_to - DAY, t + DAY, x.extended)
            balance = x.points[-1][3]
            if name == 'RATE_CHANGE':
                rate, lpr = r.choice([30000, 40000, 52000, 0]), r.choice([28000, 30000, 36000])
                run(x.bank, [wire.day(day), rate, lpr], lambda: g.change(t, e, day, rate, lpr))
            else:
                fen = self.but(r.choice([0, r.randint(0, max(0, balance - 1)), r.randint(0, max(0, balance - 1))]), balance,
                               balance + 1)
                if len(x.points) > 1 and r.random() < 0.25:  # a correction of the last one, or what takes it back
                    day, owed = x.points[-1][0], x.points[-2][3]
                    fen = self.but(r.choice([owed, r.randint(0, owed)]), owed + 1)
                run(x.bank, [wire.day(day), fen], lambda: g.change(t, e, day, balance=fen))
        elif name == 'EXTEND_CHANGE':
            m = self.but(x.extended + timedelta(days=r.randint(1, 120)), x.extended, x.maturity - DAY)
            if (m - x.start).days > 600 or self.months == MONTHS and (m - x.start).days > 330:
                return
            run(x.bank, [wire.day(m)], lambda: g.extend(e, m))
        elif name == 'STOP':
            reason = self.but(r.choice([OVERDUE, CANCELLED, MISUSE]), 0)
            day = max(e.start, t - timedelta(days=r.choice([0, 0, 3, 40])))
            day = self.but(day, e.start - DAY, t + DAY)
            run(DEPT if reason == MISUSE else x.bank, [reason, wire.day(day)], lambda: g.stop(t, e, reason, day))
        elif name == 'FEE_CHANGE':
            earned = g.fee(x, x.amount, x.paid_off) if x.paid_off else 1
            earned = self.but(r.choice([min(earned, x.fee), r.randint(0, max(0, min(earned, x.fee)))]), earned + 1, x.fee + 1)
            run(x.bank, [earned], lambda: g.reversible(e, lambda: g.fee_change(e, earned)))
        elif name == 'CLAWBACK':
            net = sum(e.paid) - sum(e.fee_back)
            left = net - sum(e.clawed)
            most = left * PPM // net if net else PPM
            ppm, fen = r.choice([(r.randint(0, most), None), (None, r.randint(1, max(1, left))), (None, max(1, left))])
            ppm, fen = self.but((ppm, fen), (None, None), (ppm or 1, fen or 1), (None, left + 1), (0, None), (PPM, None))
            who = r.choice([DEPT, DEPT, AUD, AUD2])
            run(who, [bytes(32), ppm, fen], lambda: g.clawback(e, ppm, fen, who), swap=False)
        elif name == 'REINSTATE':
            run(DEPT if e.authority is None else e.authority, [bytes(32)], lambda: g.reinstate(e))
        elif name == 'FREEZE':
            who = self.but(r.choice([AUD, AUD2]), DEPT)
            run(who, ['why'], lambda: g.freeze(e, who), swap=False)
        elif name == 'UNFREEZE':
            run(AUD if e.frozen is None else e.frozen, ['why'], lambda: g.unfreeze(e))
        elif name == 'REVERSE':
            opposite = r.choice([None, 0, 1, 1] if e.note is not None and e.note.acted else [None, 0, 1])
            self.reverse(g, e.id, e.note, lambda op, opposite: g.reverse(e, op, opposite), opposite)
        elif name == 'CLOSE':
            run(DEPT, [], lambda: g.close(e))
        else:
            self.settle(g, e)
        self.check(g)
