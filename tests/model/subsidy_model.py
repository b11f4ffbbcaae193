"""Product (c), interest and guarantee-fee subsidies, from domain.md 3.0, 3.3 and 3.7 (and E11 to E14, E17).

Who ranks before whom under a household's cap, at which rate of which level: asked of every day, and summed over the days
between two changes.  What 3.3 leaves open and contracts/subsidy/README.md decides is marked "decision".
"""
import os
from datetime import timedelta

from ledger import DEPT, ROLES, defines, need, params
from model import PPM, alloc, half_up, next_settlement

HEADER = os.path.join(os.path.dirname(__file__), '../../include/zyd/subsidy.h')
E, S, L = (defines(HEADER, 'ZYD_SUBSIDY_' + t) for t in ('EVENTS', 'STATES', 'LABELS'))
SB = defines(HEADER, 'ZYD_SUBSIDY_PROGRAMME_STATES')
TABLE = params(HEADER, 'ZYD_SUBSIDY_PARAMS')
CUT, ABOVE, INTEREST, LPR, FEE = 1, 2, 3, 4, 5
OVERDUE, CANCELLED, MISUSE, TERM, REPAID = 1, 2, 3, 4, 5
REFUND, NET = 1, 2
AUD_ROLE = 6
DAY = timedelta(days=1)
OPEN_STATES = ('ENROLLED', 'ACCRUING', 'STOPPED', 'CLAWBACK')


class Period:
    def __init__(self, start, to, interest):
        self.start, self.to, self.interest, self.given = start, to, interest, 0


class Loan:
    """What the bank says of it; facts: what must be the same whenever it is enrolled."""
    def __init__(self, facts, g, start):
        self.facts = facts
        (self.bank, self.borrower, self.household, self.amount, self.start, self.maturity, self.fee_ppm) = facts[:7]
        self.calendar = g.calendar
        self.points = [(self.start, facts[7], facts[8], self.amount)]
        self.extended, self.overdue, self.paid_off = self.maturity, None, None
        self.settled_to, self.periods, self.slots = start, [], {}
        self.fee = self.fee_given = 0

    @property
    def customer(self):
        return '2101.' + self.borrower[:8].hex()

    def at(self, day):
        """(rate, LPR, balance) of a day."""
        last = self.points[0]
        for p in self.points:
            if p[0] > day:
                break
            last = p
        return last[1:]

    def interest(self, a, b):
        basis = self.calendar[2]
        n = 0
        for x, y in pieces(a, b, [p[0] for p in self.points]):
            rate, _, balance = self.at(x)
            n += balance * rate * (y - x).days
        return half_up(n, PPM * basis)

    def whole_interest(self, p):
        """Days of an extension are an accumulator of their own (E12)."""
        if p.start < self.maturity < p.to:
            return self.interest(p.start, self.maturity) + self.interest(self.maturity, p.to)
        return self.interest(p.start, p.to)

    def period_end(self, start):
        end = self.paid_off or self.extended
        return start if start >= end else min(end, next_settlement(start, *self.calendar[:2]))

    def next_period(self, at):
        """The period that an enrolment settled up to `at` settles next, and whether another opened it; None: there is none."""
        for p in self.periods:
            if p.to > at:
                return p, True
        start, to = self.settled_to, self.period_end(self.settled_to)
        while start < to <= at:
            start, to = to, self.period_end(to)
        return (Period(start, to, None), False) if to > at else (None, False)


def pieces(a, b, dates):
    """a..b cut at dates."""
    cuts = [a] + sorted({d for d in dates if a < d < b}) + [b]
    return [(x, y) for x, y in zip(cuts, cuts[1:]) if x < y]


class Enrolment:
    def __init__(self, g, loan, start, purpose):
        self.g, self.loan, self.start, self.settled_to, self.purpose = g, loan, start, start, purpose
        self.until = loan.maturity if g.is_fee else min(loan.maturity, start + DAY * g.p['MAX_DAYS'])
        self.state, self.was, self.authority, self.frozen, self.reason, self.note = 'ENROLLED', None, None, None, None, None
        self.paid, self.clawed, self.fee_back = ([0] * len(g.cost) for _ in range(3))
        self.fee_changed, self.eligible_fee, self.done = False, 0, False
        self.reserved = g.most(loan, start, self.until)

    def asks(self, day):
        return min(self.loan.at(day)[2], self.g.p['LOAN_CAP']) if self.start <= day < self.until else 0

    OWN = ('state', 'was', 'reason', 'authority', 'until', 'settled_to', 'reserved', 'fee_changed', 'eligible_fee',
           'done')
    SUMS = ('paid', 'clawed', 'fee_back')
    OF_LOAN = ('settled_to', 'fee', 'fee_given')

    def image(self):
        """The enrolment and its loan, without what an auditor lays over."""
        x = self.loan
        return ([getattr(self, k) for k in self.OWN], [list(getattr(self, k)) for k in self.SUMS],
                [getattr(x, k) for k in self.OF_LOAN], [(p.start, p.to, p.interest, p.given) for p in x.periods],
                (list(x.points), x.extended, x.overdue, x.paid_off),
                [(k, id(y), y.state, y.start, y.until, y.settled_to) for k, y in x.slots.items() if y is not self])

    def become(self, image):
        own, sums, of_loan, periods = image[:4]
        for k, v in zip(self.OWN, own):
            setattr(self, k, v)
        for k, v in zip(self.SUMS, sums):
            setattr(self, k, list(v))
        for k, v in zip(self.OF_LOAN, of_loan):
            setattr(self.loan, k, v)
        del self.loan.periods[len(periods):]
        for p, (_, _, p.interest, p.given) in zip(self.loan.periods, periods):
            pass

    @property
    def settled_all(self):
        x = self.loan
        return self.settled_to >= self.until or x.paid_off is not None and self.settled_to >= x.paid_off


class Programme:
    def __init__(self, number, books, shared, cost, banks, **p):
        self.number, self.b, self.shared, self.cost, self.banks, self.p = number, books, shared, cost, banks, p
        self.is_fee = p['KIND'] == FEE
        months = [m + 1 for m in range(12) if p['SETTLE_MONTHS'] >> m & 1]
        self.calendar = (p['SETTLE_DAY'], months, p['BASIS'])
        self.all = []
        self.state, self.reserved, self.spent, self.back = 'OPEN', 0, 0, 0

    # ---- sums ----
    @property
    def left(self):
        return self.p['BUDGET'] - self.reserved - self.spent + self.back

    def budget(self):
        if self.state in ('OPEN', 'EXHAUSTED'):
            self.state = 'OPEN' if self.left > 0 else 'EXHAUSTED'

    @property
    def slot(self):
        return (self.is_fee, self.p['LEVEL'])

    @property
    def ppm(self):
        return self.p['FLOOR_PPM'] if self.p['KIND'] == ABOVE else self.p['RATE_PPM']

    def rate(self, rate, lpr):
        """Of the subsidy, in 10^-12 a year, at most the loan's."""
        kind = self.p['KIND']
        if kind == CUT:
            return min(self.ppm, rate) * PPM
        if kind == ABOVE:
            return max(0, rate - max(0, lpr - self.ppm)) * PPM
        return min(rate * PPM, self.ppm * (rate if kind == INTEREST else lpr))

    def fee(self, x, principal, until):
        return half_up(principal * x.fee_ppm * (until - x.start).days, PPM * self.p['FEE_BASIS'])

    def most(self, x, start, until):
        """FLOOR of the most that the subsidy can come to: the reservation."""
        base = min(x.amount, self.p['LOAN_CAP'], self.p['HOUSEHOLD_CAP'])
        if self.is_fee:
            return self.fee(x, base, x.maturity) * self.ppm // PPM
        rate, lpr, _ = x.at(start)
        return base * (until - start).days * self.rate(rate, lpr) // (PPM * PPM * self.p['BASIS'])

    def ranks(self, household):
        """Enrolments of a household under one cap, in the order of the ledger."""
        return self.shared['houses'].setdefault((self.p['LEVEL'], self.p['FAMILY'], household), [])

    def eligible(self, e, day):
        """F2: max(0, cap - sum of what earlier ranks get).  e None: what is left for a newcomer."""
        before = 0
        for x in self.ranks(e.loan.household):
            got = min(x.asks(day), max(0, x.g.p['HOUSEHOLD_CAP'] - before))
            if x is e:
                return got
            before += got

    def room(self, household, day):
        before = 0
        for x in self.ranks(household):
            before += min(x.asks(day), max(0, x.g.p['HOUSEHOLD_CAP'] - before))
        return self.p['HOUSEHOLD_CAP'] - before

    def taken(self, e, day, rate, lpr):
        """E11: what earlier levels take of the loan's rate on a day."""
        return sum(y.g.rate(rate, lpr) for (fee, level), y in e.loan.slots.items()
                   if not fee and level < self.p['LEVEL'] and y.start <= day < y.until)

    def amount(self, e, a, b):
        x, n = e.loan, 0
        ranks = self.ranks(x.household)
        dates = [p[0] for y in [e] + ranks for p in y.loan.points] + [d for y in ranks + list(x.slots.values())
                                                                       for d in (y.start, y.until)]
        for d, to in pieces(a, b, dates):
            rate, lpr, _ = x.at(d)
            mine = rate if self.p['KIND'] == INTEREST else \
                min(self.rate(rate, lpr), max(0, rate * PPM - self.taken(e, d, rate, lpr)))
            n += self.eligible(e, d) * mine * (to - d).days
        if self.p['KIND'] == INTEREST:
            return half_up(n, PPM * self.p['BASIS']) * self.ppm // PPM                        # ruling 32, E13
        return half_up(n, PPM * PPM * self.p['BASIS'])

    # ---- into the programme ----
    def enrol(self, today, bank, loan_id, facts, start, purpose, controller):
        """facts: see Loan."""
        p = self.p
        need(self.state not in ('SUSPENDED', 'CLOSED') and today >= p['OPEN'][0] and today <= p['OPEN'][1], 9111)
        value_date, maturity = facts[4:6]
        need(value_date <= today and value_date < maturity and value_date <= start < maturity, 9112)
        need(not self.is_fee or start == value_date, 9112)
        need(not self.is_fee or facts[6] > 0, 9104)
        x = self.shared['loans'].get(loan_id)
        if x is not None:
            need(self.slot not in x.slots, 3001)
            first = x.periods[0].start if x.periods else x.start
            need(x.facts[:7] == facts[:7] and (start < first or x.at(start)[:2] == facts[7:9]), 9105)
            need(x.calendar == self.calendar and start >= first, 9112)
            need(x.overdue is None, 3008)
            need(x.paid_off is None, 9111)
        else:
            x = Loan(facts, self, start)
        need(self.room(x.household, start) > 0, 3002)
        family = self.shared['purposes'].setdefault(p['FAMILY'], set())
        need(purpose is None or purpose not in family, 3003)
        e = Enrolment(self, x, start, purpose)
        need(self.state != 'EXHAUSTED' and e.reserved <= self.left, 3004)
        need(bank in self.banks, 9102)
        self.b.sign(bank, DEPT)
        if controller is not None:                                                           # F4
            known = self.shared['controllers'].setdefault((p['FAMILY'], controller), {x.household})
            known.add(x.household)
            if len(known) > 1:
                self.b.warnings.append(3010)
        if purpose is not None:
            family.add(purpose)
        if not x.periods:
            x.settled_to = min(x.settled_to, start)
        self.shared['loans'][loan_id] = x
        x.slots[self.slot] = e
        self.all.append(e)
        self.ranks(x.household).append(e)
        self.reserved += e.reserved
        self.budget()
        return e

    def decide(self, state):
        """SUSPENDED, CLOSED, OPEN again, by the department."""
        need(state in ('OPEN', 'SUSPENDED', 'CLOSED'), 9104)
        now = 'OPEN' if self.state == 'EXHAUSTED' else self.state
        need(now != 'CLOSED' and now != state, 9111)
        self.b.sign(DEPT)
        self.state = state
        self.budget()

    # ---- settlement ----
    def certified(self, charged, paid, statement):
        need(statement and not (self.p['PAY_MODE'] == REFUND and (paid is None or paid < charged)), 3006)

    def in_order(self, e, a, b):
        """COUNTY, CITY, PROVINCIAL, CENTRAL: no earlier level still owes its part of a..b."""
        for (fee, level), y in e.loan.slots.items():
            if fee == self.is_fee and level < self.p['LEVEL'] and y.state in OPEN_STATES[:3]:
                need(not (y.start < b and y.until > a and y.settled_to < min(y.until, b)), 9111)

    def settle(self, today, e, to, charged, paid, other, statement):
        need(e.frozen is None, 9110)
        need(e.state in OPEN_STATES[:3] and self.state != 'SUSPENDED', 9111)
        if self.is_fee:
            return self.settle_fee(e, to, charged, paid, other, statement)
        x = e.loan
        p, known = x.next_period(e.settled_to)
        if p is None:
            need(e.settled_to < x.maturity, 3007)
            need(False, 9111)
        a, b = max(e.settled_to, p.start), min(p.to, e.until)
        need(a < x.maturity, 3007)
        need(a < b, 9111)
        need(to == p.to and to <= today, 9112)
        if p.start > x.settled_to:  # decision: nobody may be passed over
            for (fee, _), y in x.slots.items():
                need(fee or y.state not in OPEN_STATES or not (y.settled_to < p.start and y.settled_to < y.until), 9111)
        self.in_order(e, p.start, p.to)
        need(x.overdue is None or x.overdue > p.to, 3008)
        self.certified(charged, paid, statement)
        need(charged == p.interest if known else charged <= x.whole_interest(p), 3005)
        need(other <= max(0, charged - p.given), 3005)
        given = p.given + other
        most = max(0, min(x.interest(p.start, min(p.to, x.maturity)), charged) - given)
        fen = min(self.amount(e, a, b), most)
        pays = min(fen, max(0, e.reserved + self.left))
        self.sign_settle(e)
        if p.to > x.maturity:
            self.b.warnings.append(3007)
        if not known:
            p.interest = charged
            x.periods.append(p)
            x.settled_to = p.to
            self.b.post(x.bank, L['INT'], x.customer, '4011', charged)
        p.given = given + pays
        assert p.given <= p.interest                                                       # I9
        self.pay_out(e, fen, pays, L['SUBSIDY'])
        self.settled(e, p.to)

    def settle_fee(self, e, to, charged, paid, other, statement):
        """A fee is charged to the maturity at once, so it is settled at once (E17)."""
        x = e.loan
        need(e.settled_to < x.maturity, 9111)
        need(to == x.maturity, 9112)
        self.in_order(e, x.start, x.maturity)
        need(x.overdue is None, 3008)
        self.certified(charged, paid, statement)
        need(charged <= self.fee(x, x.amount, x.maturity) and x.fee in (0, charged), 3005)
        need(other <= charged - min(charged, x.fee_given), 3005)
        e.eligible_fee = self.eligible(e, e.start)
        base = min(charged, self.fee(x, e.eligible_fee, x.maturity))
        fen = min(base * self.ppm // PPM, max(0, charged - x.fee_given - other))              # ruling 32
        pays = min(fen, max(0, e.reserved + self.left))
        self.sign_settle(e)
        x.fee = charged
        x.fee_given += pays + other
        self.pay_out(e, fen, pays, L['FEE_SUBSIDY'])
        self.settled(e, x.maturity)

    def sign_settle(self, e):
        self.b.sign(e.loan.bank, *(w for w, _ in self.cost))

    def pay_out(self, e, fen, pays, label):
        if pays < fen:
            self.b.warnings.append(3004)  # decision: what the budget still has is paid
        x = e.loan
        for (who, _), v in zip(self.cost, alloc(sum(e.paid) + pays, [w for _, w in self.cost], e.paid)):
            self.b.oblige_post(who, '5031', x.bank, x.customer, v, label)
        self.spent += pays
        used = min(pays, e.reserved)
        e.reserved -= used
        self.reserved -= used

    def release(self, e):
        self.reserved -= e.reserved
        e.reserved, e.done = 0, True

    def settled(self, e, to):
        e.settled_to = to
        if e.state == 'ENROLLED':
            e.state = 'ACCRUING'
        if e.settled_all:
            self.release(e)
            if not self.is_fee and e.state != 'STOPPED':
                e.state, e.reason = 'STOPPED', REPAID if e.loan.paid_off else TERM
        self.budget()

    # ---- what happens to the loan ----
    def point(self, today, e, day, unpays=False):
        need(e.frozen is None, 9110)
        x = e.loan
        need(e.state in OPEN_STATES, 9111)
        need(x.settled_to <= day <= today and x.points[-1][0] <= day < x.extended, 9112)     # ruling 15
        need(x.paid_off is None or (unpays and day == x.paid_off), 9111)

    def unused(self, x, day, balance):
        """Nothing was built on the repayment of that day that is told again, higher."""
        for y in x.slots.values():
            if y.state in OPEN_STATES and day < y.until:
                need(y.start < day and not (y.fee_changed if y.g.is_fee else y.done), 9111)
                if min(balance, y.g.p['LOAN_CAP']) > y.asks(day):
                    ranks = y.g.ranks(x.household)
                    need(not any(z.settled_to > max(z.start, day) for z in ranks[ranks.index(y) + 1:]), 9111)

    def change(self, today, e, day, rate=None, lpr=None, balance=None):
        """REPAY_CHANGE with a balance, RATE_CHANGE with rate and LPR: told once, for all programmes of the loan.  Told again
        for the date of the last change it takes that one's place: so a wrong one is corrected."""
        x = e.loan
        self.point(today, e, day, bool(balance))
        old = x.points[-1]
        most = x.points[-2][3] if day == old[0] and len(x.points) > 1 else old[3] - 1
        need(balance is None or (balance <= most and balance != old[3]), 9104)
        if balance is not None and balance > old[3]:
            self.unused(x, day, balance)
        self.b.sign(x.bank)
        if day == old[0]:
            x.points.pop()
        x.points.append((day, *((rate, lpr, old[3]) if balance is None else (old[1], old[2], balance))))
        if day == old[0] and len(x.points) > 1 and x.points[-1][1:] == x.points[-2][1:]:
            x.points.pop()  # it says nothing any more
        if balance is not None:
            x.paid_off = None if balance else day

    def extend(self, e, maturity):
        need(e.frozen is None, 9110)
        x = e.loan
        need(e.state in OPEN_STATES, 9111)
        need(maturity > x.extended > x.settled_to, 9112)
        need(x.overdue is None and x.paid_off is None, 9111)
        self.b.sign(x.bank)
        x.extended = maturity
        self.b.warnings.append(3007)

    def end(self, e, until, reason):
        e.until = min(e.until, until)
        e.state, e.reason = 'STOPPED', reason
        if e.settled_all:
            self.release(e)
            self.budget()

    def stop(self, today, e, reason, day):
        need(e.frozen is None, 9110)
        need(reason != 0, 9104)
        need(e.state in OPEN_STATES[:3 if reason == OVERDUE else 2], 9111)
        need(e.start <= day <= today, 9112)
        self.b.sign(DEPT if reason == MISUSE else e.loan.bank)
        x = e.loan
        if reason == OVERDUE:
            x.overdue = min(day, x.overdue or day)
        self.end(e, day, reason)

    def expire(self, today, e):
        """STOP by SYS after max_days, or at the original maturity."""
        if today < e.until:
            return
        if e.state == 'CLAWBACK':
            e.was, e.reason = 'STOPPED', TERM
        elif e.state in ('ENROLLED', 'ACCRUING'):
            self.end(e, e.until, TERM)

    def close(self, e):
        need(e.frozen is None, 9110)
        need(e.state in ('ENROLLED', 'STOPPED', 'CLAWBACK'), 9111)
        self.b.sign(DEPT)
        e.until = min(e.until, e.settled_to)  # days that were not settled are forfeited: they bind no cap and no rate
        self.release(e)
        self.budget()
        e.state = 'CLOSED'
        if sum(e.paid) == 0:  # decision: class and purpose are free again
            del e.loan.slots[self.slot]
            self.shared['purposes'][self.p['FAMILY']].discard(e.purpose)

    def freeze(self, e, who):
        need(e.frozen is None, 9110)
        need(ROLES[who] == AUD_ROLE, 9102)
        self.b.sign(who)
        e.frozen = who

    def unfreeze(self, e):
        need(e.frozen is not None, 9111)
        self.b.sign(e.frozen)  # the same authority (3.0.6)
        e.frozen = None

    # ---- money back ----
    def clawback(self, e, ppm, fen, who):
        need(e.frozen is None, 9110)
        x = e.loan
        need(e.state in OPEN_STATES, 9111)
        need((ppm is None) != (fen is None), 9104)
        weights = [a - b for a, b in zip(e.paid, e.fee_back)]
        net, before = sum(weights), sum(e.clawed)
        v = half_up(net * ppm, PPM) if ppm is not None else fen                              # ruling 32
        need(0 < v <= net - before, 3009)
        authority = who if ROLES[who] == AUD_ROLE else DEPT
        self.b.sign(authority)
        e.authority = authority
        if e.state != 'CLAWBACK':
            e.was, e.state = e.state, 'CLAWBACK'
        for (payer, _), part in zip(self.cost, alloc(before + v, weights, e.clawed)):       # E14
            self.b.oblige_post(x.bank, '1165.' + x.customer[5:], payer, '5031', part, L['CLAWBACK'])
        self.b.post(x.bank, L['DEBIT_BORR'], x.customer, '1165.' + x.customer[5:], v)
        self.back += v
        self.budget()

    def reinstate(self, e):
        need(e.frozen is None, 9110)
        x = e.loan
        need(e.state == 'CLAWBACK', 9111)
        need(sum(e.clawed) <= self.left, 3004)  # decision: given to others meanwhile
        self.b.sign(e.authority)
        for (payer, _), part in zip(self.cost, e.clawed):
            self.b.oblige_post(payer, '5031', x.bank, x.customer, part, L['REINSTATE'])
        self.back -= sum(e.clawed)
        e.clawed = [0] * len(self.cost)
        e.state = 'STOPPED' if e.was == 'STOPPED' else 'ACCRUING'
        self.budget()

    def fee_change(self, e, earned):
        """A part of the fee is refunded: the subsidy anew on what was earned, the difference back (E17)."""
        x = e.loan
        need(e.frozen is None, 9110)
        need(e.state in ('ACCRUING', 'STOPPED'), 9111)
        need(self.is_fee and e.settled_to >= x.maturity and not e.fee_changed, 9111)
        need(x.paid_off is not None and x.paid_off < x.maturity, 9111)                      # ruling 17
        need(earned <= self.fee(x, x.amount, x.paid_off) and earned <= x.fee, 3005)
        left = earned
        for (fee, level), y in sorted(x.slots.items(), key=lambda s: s[0]):
            if fee and level < self.p['LEVEL']:
                need(not (sum(y.paid) > 0 and not y.fee_changed and y.state in OPEN_STATES[:3]), 9111)
                left -= sum(y.paid) - sum(y.clawed) - sum(y.fee_back)
        self.b.sign(x.bank)
        base = min(earned, self.fee(x, e.eligible_fee, x.paid_off))
        now = min(max(0, left), base * self.ppm // PPM)
        weights = [a - b for a, b in zip(e.paid, e.clawed)]
        back = max(0, sum(weights) - now)
        e.fee_changed = True
        x.fee_given -= back
        if back:
            for i, part in enumerate(alloc(back, weights, [0] * len(weights))):
                self.b.oblige_post(x.bank, x.customer, self.cost[i][0], '5031', part, L['FS_CLAWBACK'])
                e.fee_back[i] += part
        self.back += back
        self.budget()

    # ---- corrections ----
    def reversible(self, e, event):
        """SETTLE or FEE_CHANGE; CLAWBACK has REINSTATE (decision)."""
        before = e.image()
        event()
        e.note = self.b.note(before, e.image())

    def reverse(self, e, op, opposite):
        """3.0.10: FROZEN lets it through (3.0.6)."""
        self.b.can_reverse(e.note, op, e.image(), opposite)
        own, sums = e.note.before[:2]
        reserved = own[Enrolment.OWN.index('reserved')] - e.reserved
        paid, fee_back = (sum(sums[i]) - sum(v) for i, v in ((0, e.paid), (2, e.fee_back)))
        need(self.left - reserved - paid + fee_back >= 0, 3004)  # decision: given to others meanwhile
        self.b.mirror(e.note)
        self.reserved += reserved
        self.spent += paid
        self.back += fee_back
        e.become(e.note.before)
        e.note = None
        self.budget()
