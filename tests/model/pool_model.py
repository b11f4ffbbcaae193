"""Product (b), the risk-compensation pool, from domain.md 3.0, 3.2 and 3.7 (and E8 to E10).

Plain integers, fen and ppm.  What 3.2 leaves open and contracts/pool/README.md decides is marked "decision".
"""
import os
import re
from datetime import timedelta

from ledger import AUD, AUD2, CODES, DEPT, POOL, defines, need, params, workday_add
from model import PPM, alloc
from pool_reverse import Corrections

HEADER = os.path.join(os.path.dirname(__file__), '../../include/zyd/pool.h')
E, S, L = (defines(HEADER, 'ZYD_POOL_' + t) for t in ('EVENTS', 'STATES', 'LABELS'))
TABLE = params(HEADER, 'ZYD_POOL_PARAMS')
AUDITORS = (AUD, AUD2)
RUNNING = ('OPEN', 'WARN', 'STOPPED')
FIFO, PRORATA = 1, 2
PRINCIPAL, INTEREST, ALL = 1, 2, 3
ONE = timedelta(days=1)


class Layer:
    def __init__(self, name, who, level, ppm):
        self.name, self.who, self.level, self.ppm = name, who, level, ppm
        self.account = '3001.' + name
        self.balance = self.drawn = 0


class Loan:
    def __init__(self, pool, bank, borrower, loan, klass, principal, drawn):
        self.pool, self.bank, self.borrower, self.loan, self.klass = pool, bank, borrower, loan, klass
        self.principal = self.balance = principal
        self.drawn = drawn
        self.state = 'REGISTERED'
        self.trigger = [None] * 4
        self.npl = self.left = False
        self.claimed = self.approved = self.paid = self.short = self.refunded = self.clawed = 0
        self.net = self.carried = 0
        self.borne = [0, 0]
        self.memo = 0
        self.by_layer = [0] * len(pool.layers)
        self.refilled = [0] * len(pool.layers)
        self.open = dict(DRAW=0, REFUND=0, BACK=0)  # obligations not settled
        self.due = {}                               # what is late from which day on
        self.filed_on = self.approved_on = self.frozen = None
        self.note = None
        self.queued, self.disputed = False, 0  # queued: its place is kept until its turn comes, also when nothing is short

    OWN = ('state', 'balance', 'npl', 'left', 'claimed', 'approved', 'paid', 'short', 'refunded', 'clawed', 'net', 'carried',
           'disputed', 'filed_on', 'approved_on', 'queued')

    def image(self):
        """Without what an auditor lays over it, and the payment of its draws, which goes on beside it."""
        return ([getattr(self, k) for k in self.OWN], list(self.borne), self.open['REFUND'], self.open['BACK'],
                list(self.trigger))

    @property
    def base(self):
        """What is not in dispute (3.0.6)."""
        return self.claimed - self.disputed

    @property
    def outstanding(self):
        return self.paid - self.refunded - self.clawed

    def promise(self, kind, day):
        """A payment is under way, one that is late from `day` on; the first one's day stands until all are paid."""
        if self.open[kind] == 0:
            self.due[kind] = day
        self.open[kind] += 1

    def kept(self, kind):
        self.open[kind] -= 1
        if self.open[kind] == 0:
            self.due.pop(kind, None)


class Pool(Corrections):
    def __init__(self, number, books, shared, layers, ratios, banks, documents, **p):
        self.number, self.b, self.shared = number, books, shared
        self.layers = [Layer(*x) for x in layers]
        self.ratios, self.banks, self.documents, self.p = ratios, banks, documents, dict(TABLE, **p)
        self.state = 'NONE'
        self.entries, self.loans, self.queue = {}, [], []
        self.balance = self.npl = self.pending = 0
        self.borrowers, self.years = {}, {}
        self.open_claims = self.returns = 0
        self.today, self.queue_served = None, False

    @property
    def cash(self):
        return sum(x.balance for x in self.layers)

    @property
    def shortage(self):
        return sum(x.short for x in self.queue)

    def after_workdays(self, which):
        return workday_add(self.today, self.p[which]) + ONE

    def running(self):
        need(self.state in RUNNING, 9111)

    # ---- the pool itself ----
    def sound(self):
        """2001: layers in levels 0, 1, 2 ..., a level's parts are the whole, one account each, somebody holds and judges."""
        levels = [y.level for y in self.layers]
        ok = bool(levels) and levels == sorted(levels) and set(levels) == set(range(len(set(levels))))
        for level in set(levels):
            of = [y.ppm for y in self.layers if y.level == level]
            ok = ok and sum(of) == PPM and min(of) > 0
        names = [y.name for y in self.layers]
        return ok and len(set(names)) == len(names) and all(re.fullmatch('[A-Z0-9_]+',
                n) for n in names) and self.p['TRUSTEE'] not in self.banks

    def create(self):
        need(self.sound(), 2001)
        need(self.state == 'NONE', 9109)
        self.b.sign(POOL, *{y.who for y in self.layers})
        self.state = 'OPEN'

    def wind_up(self):
        self.running()
        need(self.open_claims == 0 and self.pending == 0 and self.shortage == 0, 2015)
        self.b.sign(POOL, *{y.who for y in self.layers})
        def settled():
            self.returns -= 1
            if self.returns == 0:
                self.state = 'WOUND_UP'
        for y in self.layers:  # decision: what is contributed and not drawn is what the layer still holds
            if y.who == POOL:
                self.b.post(POOL, L['WIND_UP'], y.account, '2101.' + y.name, y.balance)
            elif y.balance:
                self.b.oblige_post(POOL, y.account, y.who, '4031', y.balance, L['WIND_UP'], settled)
                self.returns += 1
            y.balance = 0
        self.b.post(POOL, L['MEMO'], '9002', '9001', sum(x.memo for x in self.loans))
        for x in self.loans:
            x.memo = 0
        self.state = 'WINDING_UP' if self.returns else 'WOUND_UP'

    def enrol(self, borrower, klass, until):
        need(1 <= klass <= len(self.ratios), 9104)
        self.running()
        self.b.sign(DEPT)
        self.entries[borrower] = (klass, until)

    # ---- money in ----
    def fund(self, f, layer):
        need(layer is not None, 2001)
        self.running()
        self.b.sign(self.layers[layer].who)
        f['state'] = 'PENDING'

    def fund_confirm(self, f, fen, ref):
        need(f['state'] == 'PENDING', 9111)
        self.running()
        need((fen, ref) == (f['fen'], f['ref']), 2002)
        self.b.sign(POOL)
        f['state'] = 'CONFIRMED'
        layer = self.layers[f['layer']]
        layer.balance += fen
        self.b.post(POOL, L['FUND'], '1001', layer.account, fen)

    # ---- loans ----
    def memo(self, x):
        """Decision: FLOOR(what is owed x ratio) until the claim is approved."""
        want = 0
        if x.state in ('REGISTERED', 'DEFAULTED', 'FILED', 'REVIEW', 'REJECTED'):
            want = x.balance * self.ratios[x.klass - 1] // PPM
        self.b.post(POOL, L['MEMO'], '9001', '9002', max(0, want - x.memo))
        self.b.post(POOL, L['MEMO'], '9002', '9001', max(0, x.memo - want))
        x.memo = want

    def breaker(self, may_stop):
        """E9: npl x 10^6 >= ppm x balance."""
        if self.state not in ('OPEN', 'WARN'):
            return
        def hit(ppm):
            return ppm > 0 and self.npl > 0 and self.npl * PPM >= ppm * self.balance
        self.state = 'STOPPED' if may_stop and hit(self.p['STOP_PPM']) else 'WARN' if hit(self.p['WARN_PPM']) else 'OPEN'

    def register(self, today, bank, borrower, loan, klass, principal, rate, drawn, maturity):
        need(1 <= klass <= len(self.ratios), 9104)
        need(drawn <= today and maturity > drawn, 9112)
        need(self.state in ('OPEN', 'WARN'), 9111)
        need(today <= workday_add(drawn, self.p['REGISTER_WD']), 9106)
        entry = self.entries.get(borrower)
        need(entry is not None and entry[0] == klass and today <= entry[1] and rate <= self.p['RATE_CAP'], 2003)
        other = self.shared['loans'].get((self.p['CLASS'], bank, loan))
        need(other is None or other.pool is not self, 9109)
        need(other is None or other.state == 'REPAID', 2004)
        lev = self.p['LEVERAGE']
        need(lev == 0 or self.balance + principal <= lev * self.cash, 2005)
        need(bank in self.banks, 9102)
        self.b.sign(bank)
        x = Loan(self, bank, borrower, loan, klass, principal, drawn)
        self.shared['loans'][self.p['CLASS'], bank, loan] = x
        self.loans.append(x)
        self.balance += principal
        self.memo(x)
        self.breaker(False)
        return x

    def lower(self, x, fen):
        x.balance -= fen
        if x.left:
            return
        self.balance -= fen
        if x.npl:
            self.npl -= fen

    def leave(self, x):
        """Decision: a loan that the pool bears nothing of any more leaves the pool's sums and its class."""
        if not x.left:
            self.balance -= x.balance
            self.npl -= x.balance if x.npl else 0
            x.left = True
            self.open_claims -= 1
        self.breaker(False)

    def unfrozen(self, x):
        need(x.frozen is None, 9110)

    def repay(self, x, fen):
        self.unfrozen(x)
        self.running()
        need(x.state in ('REGISTERED', 'DEFAULTED', 'REJECTED'), 9111)
        need(fen <= x.balance, 2008)
        self.b.sign(x.bank)
        self.lower(x, fen)
        if x.balance == 0:
            x.state = 'REPAID'
        self.memo(x)
        self.breaker(not x.npl)

    def status(self, today, x, what, since):
        self.unfrozen(x)
        self.running()
        need(x.state in ('REGISTERED', 'DEFAULTED'), 9111)
        need(x.drawn <= since <= today, 9112)
        need(x.trigger[what] is None, 9109)  # decision: a fact is reported once
        self.b.sign(x.bank)
        x.trigger[what] = since
        x.state = 'DEFAULTED'
        if what == 2 and not x.npl:
            self.mark(x)

    def mark(self, x):
        if not x.npl:
            x.npl = True
            self.npl += x.balance
            self.breaker(True)

    def cure(self, x):
        self.unfrozen(x)
        self.running()
        need(x.state == 'DEFAULTED', 9111)
        self.b.sign(x.bank)
        x.state = 'REGISTERED'
        x.trigger = [None] * 4
        if x.npl:
            x.npl = False
            self.npl -= x.balance
        self.breaker(False)

    # ---- claims ----
    def file(self, today, x, principal, interest, other, evidence):
        self.unfrozen(x)
        self.running()
        need(x.state != 'REGISTERED', 2006)
        need(x.state in ('DEFAULTED', 'REJECTED'), 9111)
        since = x.trigger[self.p['TRIGGER']]
        need(since is not None and today >= since + timedelta(days=self.p['TRIGGER_DAYS']), 2006)
        need(today <= since + timedelta(days=self.p['WINDOW_DAYS']), 9106)
        need(evidence >= self.documents, 2006)
        need(principal == x.balance, 2008)
        self.b.sign(x.bank)
        base = self.p['RATIO_BASE']
        x.claimed = principal + (interest if base >= INTEREST else 0) + (other if base == ALL else 0)
        x.disputed = 0
        x.state = 'FILED'
        x.filed_on = today
        self.open_claims += 1
        x.due['REVIEW'] = self.after_workdays('DEPT_WD')
        self.mark(x)

    def dept_ok(self, x, base):
        self.unfrozen(x)
        need(x.state == 'FILED', 9111)
        need(base == x.base, 2008)
        self.b.sign(DEPT)
        x.due['REVIEW'] = self.after_workdays('REVIEW_WD')
        x.state = 'REVIEW'

    def pay_of(self, today, x):
        """(pay, truncated by the stacking ceiling)"""
        p = self.p
        nominal = x.base * self.ratios[x.klass - 1] // PPM
        pay = nominal
        if p['PER_CLAIM_CAP']:
            pay = min(pay, p['PER_CLAIM_CAP'])
        if p['PER_BORROWER_CAP']:
            pay = min(pay, p['PER_BORROWER_CAP'] - self.borrowers.get(x.borrower, 0))
        if p['PER_BANK_YEAR_CAP']:
            left = p['PER_BANK_YEAR_CAP'] - self.years.get((x.bank, today.year), 0)
            need(left > 0, 2009)
            pay = min(pay, left)
        ceiling = x.base * p['STACK_PPM'] // PPM - self.shared['stack'].get((x.bank, x.loan), 0)
        return (max(0, ceiling), True) if ceiling < pay else (pay, False)

    def review_ok(self, today, x, base, pay):
        self.unfrozen(x)
        need(x.state == 'REVIEW', 9111)
        need(base == x.base, 2008)
        mine, cut = self.pay_of(today, x)
        need(pay == mine, 2008)
        self.b.sign(POOL)
        if cut:
            self.b.warnings.append(2010)
        x.approved = x.short = pay
        x.approved_on = today
        self.count(x, pay)
        self.years[x.bank, today.year] = self.years.get((x.bank, today.year), 0) + pay
        x.state = 'APPROVED'
        x.due.pop('REVIEW', None)
        self.memo(x)
        if pay == 0 and x.disputed == 0:        # decision: nothing to pay and nothing to come back
            x.state = 'CLOSED'
            return self.leave(x)
        self.pay_or_queue(x)

    def pay_or_queue(self, x):
        """At once what there is, unless others wait; the rest waits behind them."""
        self.draw(x, L['DRAW'], self.cash if self.shortage == 0 else 0)
        if x.short:
            self.queue.append(x)
            x.queued = True
            self.b.warnings.append(2011)

    def dispute(self, x, fen, who):
        self.unfrozen(x)
        need(x.state in ('FILED', 'REVIEW') and x.disputed == 0, 9111)
        need(fen < x.claimed, 2008)
        self.b.sign(who if who in (x.bank, POOL) else DEPT)
        x.disputed = fen

    def resolve(self, today, x, upheld):
        self.unfrozen(x)
        before = x.state in ('FILED', 'REVIEW')
        if not before:
            self.running()
            need(x.state in ('APPROVED', 'PART_PAID', 'COMPENSATED', 'REFUNDING'), 9111)
        need(x.disputed > 0, 9111)
        need(upheld <= x.disputed, 2008)
        self.b.sign(x.bank, DEPT, POOL)
        base = x.base + upheld
        x.disputed = 0
        if before:
            x.claimed = base
            return
        p = self.p  # decision: on top, what the caps leave today
        more = [base * self.ratios[x.klass - 1] // PPM - x.approved,
                base * p['STACK_PPM'] // PPM - self.shared['stack'].get((x.bank, x.loan), 0)]
        if p['PER_CLAIM_CAP']:
            more.append(p['PER_CLAIM_CAP'] - x.approved)
        if p['PER_BORROWER_CAP']:
            more.append(p['PER_BORROWER_CAP'] - self.borrowers.get(x.borrower, 0))
        if p['PER_BANK_YEAR_CAP']:
            more.append(p['PER_BANK_YEAR_CAP'] - self.years.get((x.bank, today.year), 0))
        more = min(more)
        if more <= 0:
            return
        x.approved += more
        self.count(x, more)
        self.years[x.bank, today.year] = self.years.get((x.bank, today.year), 0) + more
        x.short += more
        if x.queued:
            x.state = 'APPROVED' if x.state == 'APPROVED' else 'PART_PAID'
        else:
            x.approved_on = today
            self.pay_or_queue(x)

    def count(self, x, pay):
        """Against the caps of borrower and loan."""
        self.borrowers[x.borrower] = self.borrowers.get(x.borrower, 0) + pay
        self.shared['stack'][x.bank, x.loan] = self.shared['stack'].get((x.bank, x.loan), 0) + pay

    def level(self, of, want):
        """ALLOC with memory.  Decision where layers have become uneven: one that has borne more than its share gives nothing,
        one that has less than its part gives all; the others are asked again, and at last in order."""
        got, live = {i: 0 for i in of}, list(of)
        while want and live:
            base = [self.layers[i].drawn for i in live]
            zero = [0] * len(live)
            part = {i: t - d for i, t, d in zip(live, alloc(sum(base) + want, [self.layers[i].ppm for i in live], zero), base)}
            if min(part.values()) < 0:
                live = [i for i in live if part[i] >= 0]
                continue
            dry = [i for i in live if part[i] > self.layers[i].balance]
            for i in dry or live:
                got[i] = min(part[i], self.layers[i].balance)
                want -= got[i]
            live = [i for i in live if i not in dry] if dry else []
        for i in of:
            more = min(want, self.layers[i].balance - got[i])
            got[i] += more
            want -= more
        return [got[i] for i in of]

    def draw(self, x, label, most):
        """Layers in order of level; ALLOC with memory inside a level."""
        amount = min(x.short, most)
        left = amount
        inc = [0] * len(self.layers)
        for level in sorted({y.level for y in self.layers}):
            of = [i for i, y in enumerate(self.layers) if y.level == level]
            part = min(left, sum(self.layers[i].balance for i in of))
            if part == 0:
                continue
            left -= part
            if len(of) == 1:
                inc[of[0]] = part
                continue
            got = self.level(of, part)
            for g, i in zip(got, of):
                inc[i] = g
        if amount:
            o = self.b.oblige(POOL, x.bank, amount, lambda: x.kept('DRAW'))
            for y, v in zip(self.layers, inc):
                self.b.post(POOL, label, y.account, '2141.' + CODES[x.bank], v, o)
                y.balance -= v
                y.drawn += v
            self.b.post(x.bank, label, '1141.POOL', '2191.POOL', amount, o)
            x.promise('DRAW', self.after_workdays('DRAW_WD'))
        for i, v in enumerate(inc):
            x.by_layer[i] += v
        x.paid += amount
        x.short -= amount
        x.state = 'COMPENSATED' if x.short == 0 else 'PART_PAID' if x.paid else 'APPROVED'

    def serve(self):
        """When a layer has grown: one claim after the other, or pro rata of the same approval date."""
        self.queue_served = bool(self.shortage and self.cash)
        while self.shortage and self.cash:
            day = [x for x in self.queue if x.approved_on == self.queue[0].approved_on]
            if self.p['SHORT_MODE'] == FIFO:
                day = day[:1]
            whole, seen, given = sum(x.short for x in day), 0, 0
            cash = min(self.cash, whole)
            for x in day:
                seen += x.short
                part = cash * seen // whole - given if whole else 0  # decision: the cash, to a fen
                given += part
                if part:
                    self.draw(x, L['SERVE_QUEUE'], part)
                if x.short == 0 and x is self.queue[0]:
                    self.queue.pop(0)
                    x.queued = False

    def reject(self, x):
        self.unfrozen(x)
        need(x.state in ('FILED', 'REVIEW'), 9111)
        self.b.sign(DEPT if x.state == 'FILED' else POOL)
        x.state = 'REJECTED'
        x.claimed = x.disputed = 0
        x.due.pop('REVIEW', None)
        self.open_claims -= 1

    def freeze(self, x, who):
        self.unfrozen(x)
        need(who in AUDITORS, 9102)
        self.b.sign(who)
        x.frozen = who

    def unfreeze(self, x):
        need(x.frozen is not None, 9111)
        self.b.sign(x.frozen)                       # the same authority (3.0.6)
        x.frozen = None

    # ---- money back ----
    def refill(self, x, fen, ordered, o):
        """The pool's own cash comes back to the layers that paid for this claim."""
        def shares(of, part):
            memory = [x.refilled[i] for i in of]
            for i, v in zip(of, alloc(sum(memory) + part, [x.by_layer[i] for i in of], memory)):
                assert 0 <= v <= x.by_layer[i] - x.refilled[i]
                self.back(x, i, v, o)
        everyone = range(len(self.layers))
        if not ordered:
            return shares(list(everyone), fen)
        for level in sorted({y.level for y in self.layers}, reverse=True):
            of = [i for i in everyone if self.layers[i].level == level]
            part = min(fen, sum(x.by_layer[i] - x.refilled[i] for i in of))
            if part:
                shares(of, part)
            fen -= part

    def back(self, x, i, v, o):
        y = self.layers[i]
        x.refilled[i] += v
        y.balance += v
        y.drawn -= v
        self.b.post(POOL, L['REFILL'], '3009', y.account, v, o)

    def credit(self, x, dr, fen):
        """What the borrower owes falls: principal, then what the claim held besides."""
        part = min(fen, x.balance)
        self.b.post(x.bank, L['RECOV'], dr, '1102', part)
        self.b.post(x.bank, L['RECOV'], dr, '1111', fen - part)
        self.lower(x, part)

    def recover(self, x, gross, cost):
        self.running()
        need(x.state in ('APPROVED', 'PART_PAID', 'COMPENSATED', 'REFUNDING', 'CLAWED_BACK'), 9111)
        b = self.b
        b.sign(x.bank, *([POOL] if cost > self.p['COST_LIMIT'] else []))
        take = min(gross, cost + x.carried)                                          # ruling 22
        x.carried = cost + x.carried - take
        b.post(x.bank, L['RECOV'], '1001', '2171', gross)
        b.post(x.bank, L['RECOV'], '2171', '1001.COST', take)
        rest = gross - take
        net = min(rest, x.claimed - x.net)
        x.net += net
        bears = x.outstanding + x.short + x.borne[1]         # what is approved (ruling 32) and was not demanded back
        inc = alloc(x.net, [x.claimed - bears, bears], x.borne)
        back = min(inc[1], x.outstanding)
        less = inc[1] - back                                                          # decision: lowers what is short
        x.short -= less
        assert x.short >= 0
        x.refunded += back
        self.credit(x, '2171', inc[0] + less)
        b.post(x.bank, L['RECOV'], '2171', '2101.' + x.borrower[:8].hex(), rest - net)
        if back:
            self.returning(x, '2171', back, 'REFUND', 'RECOV', self.p['REFUND_ORDER'] == 1)
            self.credit(x, '2191.POOL', back)
        if x.state != 'CLAWED_BACK' and x.short == 0:
            x.state = 'REFUNDING'
        self.breaker(False)

    def returning(self, x, dr, fen, kind, label, ordered):
        """The bank owes the pool; layers are refilled when the cash is there."""
        def settled():
            x.kept(kind)
            self.pending -= fen
            self.refill(x, fen, ordered, o)
        o = self.b.oblige(x.bank, POOL, fen, settled)
        self.b.post(x.bank, L[label], dr, '2141.POOL', fen, o)
        self.b.post(POOL, L[label], '1141.' + CODES[x.bank], '3009', fen, o)
        self.pending += fen
        x.promise(kind, self.after_workdays(kind + '_WD'))

    def demand_back(self, x, ppm, who):
        self.unfrozen(x)
        self.running()
        need(x.state in ('APPROVED', 'PART_PAID', 'COMPENSATED', 'REFUNDING', 'CLOSED', 'CLAWED_BACK') and x.approved > 0, 9111)
        fen = x.outstanding if ppm is None else (2 * x.paid * ppm + PPM) // (2 * PPM)            # ruling 32
        need(fen <= x.outstanding and (fen > 0 or x.short > 0), 2013)
        self.b.sign(who if who in AUDITORS else POOL)
        x.disputed = 0
        cancelled, x.short = x.short, 0             # decision: what was still to be paid is not paid any more
        self.count(x, -fen - cancelled)
        x.clawed += fen
        if fen:
            self.returning(x, '2191.POOL', fen, 'BACK', 'DEMAND_BACK', False)
        x.state = 'CLAWED_BACK'
        if x.outstanding == 0 and not x.left:
            self.leave(x)

    def close(self, x):
        self.unfrozen(x)
        need(x.state in ('COMPENSATED', 'REFUNDING') or x.state == 'CLAWED_BACK' and not x.left, 9111)
        need(sum(x.open.values()) == 0 and x.disputed == 0, 9111)
        self.b.sign(x.bank, POOL)
        x.state = 'CLOSED'
        self.leave(x)

    def resume(self, who):
        need(self.state == 'STOPPED', 9111)
        who = set(who) & {y.who for y in self.layers}
        need(len(who) >= self.p['RESUME_K'], 2014)
        self.b.sign(DEPT, *who)
        self.state = 'OPEN'

    def late(self, today):
        """Warnings of payments and reviews that are late today, once each."""
        for x in self.loans:
            for kind in [k for k, day in x.due.items() if today >= day]:
                del x.due[kind]
                self.b.warnings.append(2012 if kind == 'REFUND' else 9106)
