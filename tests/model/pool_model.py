"""Product (b), the risk-compensation pool, from domain.md 3.0, 3.2 and 3.7 (and E8 to E10); and its random histories.

Plain integers, fen and ppm.  What 3.2 leaves open and contracts/pool/README.md decides is marked "decision".
"""
import os
from datetime import date, timedelta

import wire
from ledger import (AUD, BANK, BANK2, CITY, CODES, COUNTY, DEPT, POOL, PROV, History, Refused, Silent, defines, params, slots,
                    workday_add)
from model import PPM, alloc

HEADER = os.path.join(os.path.dirname(__file__), '../../include/zyd/pool.h')
E, S, L = (defines(HEADER, 'ZYD_POOL_' + t) for t in ('EVENTS', 'STATES', 'LABELS'))
TABLE = params(HEADER, 'ZYD_POOL_PARAMS')
RUNNING = ('OPEN', 'WARN', 'STOPPED')


def need(ok, code):
    if not ok:
        raise Refused(code)


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
        self.draws_open = self.refunds_open = self.backs_open = 0


class Pool:
    def __init__(self, number, books, shared, layers, ratios, banks, **p):
        self.number, self.b, self.shared = number, books, shared
        self.layers = [Layer(*x) for x in layers]
        self.ratios, self.banks, self.p = ratios, banks, dict(TABLE, **p)
        self.state = 'NONE'
        self.entries, self.loans, self.queue = {}, [], []
        self.balance = self.npl = self.pending = 0
        self.borrowers, self.years = {}, {}

    @property
    def cash(self):
        return sum(x.balance for x in self.layers)

    # ---- money in ----
    def fund_confirm(self, f, fen, ref):
        need(f['state'] == 'PENDING', 9111)
        need((fen, ref) == (f['fen'], f['ref']), 2002)
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

    def register(self, today, bank, borrower, loan, klass, principal, rate, drawn):
        need(1 <= klass <= len(self.ratios), 9104)
        need(self.state in ('OPEN', 'WARN'), 9111)
        need(drawn <= today, 9112)
        need(today <= workday_add(drawn, self.p['REGISTER_WD']), 9106)
        entry = self.entries.get(borrower)
        need(entry is not None and entry[0] == klass and today <= entry[1] and rate <= self.p['RATE_CAP'], 2003)
        other = self.shared['loans'].get((self.p['CLASS'], bank, loan))
        need(other is None or other.pool is not self, 9109)
        need(other is None or other.state in ('REPAID', 'CLOSED'), 2004)
        lev = self.p['LEVERAGE']
        need(lev == 0 or self.balance + principal <= lev * self.cash, 2005)
        need(bank in self.banks, 9102)
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
        self.breaker(False)

    def repay(self, x, fen):
        need(x.state in ('REGISTERED', 'DEFAULTED', 'REJECTED'), 9111)
        need(fen <= x.balance, 2008)
        self.lower(x, fen)
        if x.balance == 0:
            x.state = 'REPAID'
        self.memo(x)
        self.breaker(not x.npl)

    def status(self, today, x, what, since):
        need(x.state in ('REGISTERED', 'DEFAULTED'), 9111)
        need(x.drawn <= since <= today, 9112)
        if x.trigger[what] is not None:
            raise Silent
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
        need(x.state == 'DEFAULTED', 9111)
        x.state = 'REGISTERED'
        x.trigger = [None] * 4
        if x.npl:
            x.npl = False
            self.npl -= x.balance
            self.breaker(False)

    # ---- claims ----
    def file(self, today, x, principal):
        need(x.state != 'REGISTERED', 2006)
        need(x.state in ('DEFAULTED', 'REJECTED'), 9111)
        since = x.trigger[self.p['TRIGGER']]
        need(since is not None and today >= since + timedelta(days=self.p['TRIGGER_DAYS']), 2006)
        need(today <= since + timedelta(days=self.p['WINDOW_DAYS']), 9106)
        need(principal == x.balance, 2008)
        x.claimed = principal
        x.state = 'FILED'
        self.mark(x)

    def dept_ok(self, x, base):
        need(x.state == 'FILED', 9111)
        need(base == x.claimed, 2008)
        x.state = 'REVIEW'

    def pay_of(self, today, x):
        """(pay, truncated by the stacking ceiling)"""
        p = self.p
        nominal = x.claimed * self.ratios[x.klass - 1] // PPM
        pay = nominal
        if p['PER_CLAIM_CAP']:
            pay = min(pay, p['PER_CLAIM_CAP'])
        if p['PER_BORROWER_CAP']:
            pay = min(pay, p['PER_BORROWER_CAP'] - self.borrowers.get(x.borrower, 0))
        if p['PER_BANK_YEAR_CAP']:
            left = p['PER_BANK_YEAR_CAP'] - self.years.get((x.bank, today.year), 0)
            need(left > 0, 2009)
            pay = min(pay, left)
        ceiling = x.claimed * p['STACK_PPM'] // PPM - self.shared['stack'].get((x.bank, x.loan), 0)
        return (max(0, ceiling), True) if ceiling < pay else (pay, False)

    def review_ok(self, today, x, base, pay):
        need(x.state == 'REVIEW', 9111)
        need(base == x.claimed, 2008)
        mine, cut = self.pay_of(today, x)
        need(pay == mine, 2008)
        if mine == 0:
            raise Silent
        if cut:
            self.b.warnings.append(2010)
        x.approved = x.short = pay
        self.borrowers[x.borrower] = self.borrowers.get(x.borrower, 0) + pay
        self.years[x.bank, today.year] = self.years.get((x.bank, today.year), 0) + pay
        self.shared['stack'][x.bank, x.loan] = self.shared['stack'].get((x.bank, x.loan), 0) + pay
        x.state = 'APPROVED'
        self.memo(x)
        if not self.queue:
            self.draw(x, L['DRAW'])
        if x.short:
            self.queue.append(x)
            self.b.warnings.append(2011)

    def level(self, of, want):
        """ALLOC with memory.  Decision where layers have become uneven: one that has borne more than its share gives nothing, one
        that has less than its part gives all; the others are asked again, and at last in order."""
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

    def draw(self, x, label):
        """Layers in order of level; ALLOC with memory inside a level."""
        amount = min(x.short, self.cash)
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
        def settled():
            x.draws_open -= 1
        if amount:
            o = self.b.oblige(POOL, x.bank, amount, settled)
            for y, v in zip(self.layers, inc):
                self.b.post(POOL, label, y.account, '2141.' + CODES[x.bank], v, o)
                y.balance -= v
                y.drawn += v
            self.b.post(x.bank, label, '1141.POOL', '2191.POOL', amount, o)
            x.draws_open += 1
        for i, v in enumerate(inc):
            x.by_layer[i] += v
        x.paid += amount
        x.short -= amount
        if x.state in ('APPROVED', 'PART_PAID'):
            x.state = 'COMPENSATED' if x.short == 0 else 'PART_PAID' if x.paid else 'APPROVED'

    def serve(self):
        """FIFO, when a layer has grown."""
        while self.queue and (self.queue[0].short == 0 or self.cash):
            x = self.queue[0]
            if x.short:
                self.draw(x, L['SERVE_QUEUE'])
            if x.short:
                return
            self.queue.pop(0)

    def reject(self, x):
        need(x.state in ('FILED', 'REVIEW'), 9111)
        x.state = 'REJECTED'

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

    def recover(self, x, gross, cost):
        need(x.state in ('APPROVED', 'PART_PAID', 'COMPENSATED', 'REFUNDING', 'CLAWED_BACK'), 9111)
        bank = CODES[x.bank]
        take = min(gross, cost + x.carried)                                          # ruling 22
        x.carried = cost + x.carried - take
        b = self.b
        b.post(x.bank, L['RECOV'], '1001', '2171', gross)
        b.post(x.bank, L['RECOV'], '2171', '1001.COST', take)
        rest = gross - take
        net = min(rest, x.claimed - x.net)
        surplus = rest - net
        x.net += net
        bears = x.approved if x.clawed == 0 else None
        if bears is None:
            if x.clawed != x.approved:
                raise Silent
            inc = [net, 0]
        else:
            inc = alloc(x.net, [x.claimed - bears, bears], x.borne)                  # ruling 32
        back = min(inc[1], x.paid - x.refunded - x.clawed)
        less = inc[1] - back                                                          # decision: lowers what is short
        x.short -= less
        assert x.short >= 0
        x.refunded += back
        b.post(x.bank, L['RECOV'], '2171', '1102', inc[0] + less)
        b.post(x.bank, L['RECOV'], '2171', '2101.' + x.borrower[:8].hex(), surplus)
        if back:
            ordered = self.p['REFUND_ORDER'] == 1
            def settled():
                x.refunds_open -= 1
                self.pending -= back
                self.refill(x, back, ordered, o)
            o = b.oblige(x.bank, POOL, back, settled)
            b.post(x.bank, L['RECOV'], '2171', '2141.POOL', back, o)
            b.post(POOL, L['RECOV'], '1141.' + bank, '3009', back, o)
            b.post(x.bank, L['RECOV'], '2191.POOL', '1102', back)
            x.refunds_open += 1
            self.pending += back
        if x.state in ('COMPENSATED',):
            x.state = 'REFUNDING'
        elif x.state in ('PART_PAID', 'APPROVED') and x.short == 0:
            x.state = 'REFUNDING'
        self.lower(x, min(net, x.balance))
        self.breaker(False)

    def demand_back(self, x, ppm):
        need(x.approved > 0, 9111)
        whole = ppm is None
        fen = x.paid - x.refunded - x.clawed if whole else (2 * x.paid * ppm + PPM) // (2 * PPM)   # ruling 32
        need(fen <= x.paid - x.refunded - x.clawed, 2013)
        if not whole or fen == 0 or x.short or x.refunded or x.clawed:
            raise Silent
        freed = x.approved
        x.clawed += fen
        x.state = 'CLAWED_BACK'
        self.leave(x)
        self.borrowers[x.borrower] -= freed
        self.shared['stack'][x.bank, x.loan] -= freed
        def settled():
            x.backs_open -= 1
            self.pending -= fen
            self.refill(x, fen, False, o)
        o = self.b.oblige(x.bank, POOL, fen, settled)
        self.b.post(x.bank, L['DEMAND_BACK'], '2191.POOL', '2141.POOL', fen, o)
        self.b.post(POOL, L['DEMAND_BACK'], '1141.' + CODES[x.bank], '3009', fen, o)
        self.pending += fen
        x.backs_open += 1

    def close(self, x):
        need(x.state in ('COMPENSATED', 'REFUNDING'), 9111)
        need(x.draws_open + x.refunds_open + x.backs_open == 0, 9111)
        x.state = 'CLOSED'
        self.leave(x)

    def resume(self, who):
        need(self.state == 'STOPPED', 9111)
        need(len(set(who)) >= self.p['RESUME_K'], 2014)
        self.state = 'OPEN'


class PoolHistory(History):
    CONTRACT, PLUGIN = 2, 'pool'

    def setting(self, number, klass):
        r = self.r
        names = [('MUTUAL', POOL), ('COUNTY', COUNTY), ('CITY', CITY), ('PROV', PROV)]
        r.shuffle(names)
        count = r.randint(1, 4)
        layers, level = [], 0
        while len(layers) < count:
            n = r.choice([1, 1, min(2, count - len(layers)), count - len(layers)])
            cuts = sorted(r.sample(range(1, PPM), n - 1)) if r.random() < 0.5 else \
                [PPM * (i + 1) // n for i in range(n - 1)]
            ppm = [b - a for a, b in zip([0] + cuts, cuts + [PPM])]
            for v in ppm:
                name, who = names[len(layers)]
                layers.append((name, who, level, v))
            level += 1
        cap = lambda: r.choice([0, 0, r.randint(1, 10**9)])
        p = dict(TABLE, CLASS=klass, SETTLE=1, TRUSTEE=POOL, DEPT=DEPT, TRIGGER=r.randint(1, 3), REGISTER_WD=r.choice([1, 10, 10]),
                 TRIGGER_DAYS=r.choice([0, 0, 30]), WINDOW_DAYS=r.choice([60, 180]), RATE_CAP=r.choice([PPM, 60000]),
                 PER_CLAIM_CAP=cap(), PER_BORROWER_CAP=cap(), PER_BANK_YEAR_CAP=cap(),
                 STACK_PPM=r.choice([800000, PPM, r.randint(1, PPM)]), LEVERAGE=r.choice([0, 0, 2, 10]),
                 WARN_PPM=r.choice([0, 50000]), STOP_PPM=r.choice([0, 0, 80000, 900000]), REFUND_ORDER=r.choice([1, 1, 2]),
                 RESUME_K=r.randint(1, 2), COST_LIMIT=9 * 10**15)
        ratios = [r.choice([500000, r.randint(1, PPM), PPM]) for _ in range(2)]
        banks = [BANK] if r.random() < 0.3 else [BANK, BANK2]
        blob = wire.pack([slots(TABLE, p), [list(x) for x in layers], ratios, banks, []])
        return (number, 2, f'P{number}', 0, blob), (layers, ratios, banks, p)

    def plan(self, first):
        shared = dict(loans={}, stack={})
        made = [self.setting(first + i, k) for i, k in enumerate((1, 2, 1)[:self.r.randint(1, 3)])]
        self.pools = [Pool(m[0][0], self.books, shared, m[1][0], m[1][1], m[1][2], **m[1][3]) for m in made]
        return [m[0] for m in made]

    def open(self):
        r = self.r
        self.persons = [bytes([i + 1] * 32) for i in range(3)]
        self.loans_seen = []
        for p in self.pools:
            self.do(p, 'CREATE', POOL, None, ['6225880000000001'], lambda p=p: setattr(p, 'state', 'OPEN'),
                    signers={x.who for x in p.layers}, made=lambda o, p=p: setattr(p, 'id', o))
            self.fund(p)
            for who in self.persons:
                until = self.today + timedelta(days=r.choice([3, 400, 4000]))
                klass = r.randint(1, 2)
                self.do(p, 'ENROL', DEPT, None, [who, klass, wire.day(until)],
                        lambda p=p, who=who, e=(klass, until): p.entries.__setitem__(who, e))

    def turns(self):
        return self.r.randint(10, 40)

    def turn(self):
        r = self.r
        if r.random() < 0.4:
            self.advance(r.choice([0, 1, 1, 3, r.randint(1, 40)]))
        self.step()

    def do(self, p, name, member, obj, args, run, signers=(), made=None):
        def go():
            self.books.programme = p.number
            run()
        ok = self.act(name, E[name], p.number, member, obj, args, [s for s in signers if s != member], go, made)
        self.check(p)
        return ok

    def sys(self, outcomes):
        for p in self.pools:
            self.books.programme = p.number
            p.serve()

    def check(self, p):
        if not getattr(p, 'id', None):
            return
        v = self.d.record(2, p.id)
        i64 = lambda b, at: int.from_bytes(b[at:at + 8], 'little', signed=True)
        mine = (S[p.state], p.balance, p.npl, p.pending, sum(x.short for x in p.queue), sum(x.memo for x in p.loans))
        self.expect('pool: state balance npl pending shortage memo', mine, (v[1],) + tuple(i64(v, 24 + 8 * i) for i in range(5)))
        for i, y in enumerate(p.layers):
            self.expect(f'layer {y.name}', y.balance, i64(v, 192 + 24 * i))
            assert y.balance >= 0                                                    # I8
        for x in p.loans:
            v = self.d.record(2, x.id)
            mine = (S[x.state], x.balance, x.approved, x.paid, x.short, x.refunded, x.clawed)
            self.expect(f'loan: state balance approved paid short refunded clawed', mine,
                        (v[1],) + tuple(i64(v, a) for a in (200, 216, 224, 232, 240, 248)))
            assert x.paid + x.short <= x.approved and x.refunded + x.clawed <= x.paid
            assert x.approved <= x.claimed * p.ratios[x.klass - 1] // PPM

    def money(self):
        r = self.r
        return r.choice([r.randint(1, 1000), r.randint(1, 10**6), r.randint(10**6, 10**9)])

    def fund(self, p):
        r = self.r
        for i, y in enumerate(p.layers):
            if r.random() < 0.8:
                fen, ref = self.money(), f'R{r.randint(1, 99)}'
                f = dict(state='NONE', layer=i, fen=fen, ref=ref)
                self.do(p, 'FUND', y.who, None, [y.name, fen, ref], lambda: f.update(state='PENDING'),
                        made=lambda o: f.update(id=o))
                if r.random() < 0.1:
                    self.do(p, 'FUND_CONFIRM', POOL, f['id'], [fen + 1, ref], lambda: p.fund_confirm(f, fen + 1, ref))
                if r.random() < 0.95:
                    self.do(p, 'FUND_CONFIRM', POOL, f['id'], [fen, ref], lambda: p.fund_confirm(f, fen, ref))
                if r.random() < 0.05:
                    self.do(p, 'FUND_CONFIRM', POOL, f['id'], [fen, ref], lambda: p.fund_confirm(f, fen, ref))

    def register(self, p):
        r = self.r
        bank, who, klass = r.choice([BANK, BANK, BANK2]), r.choice(self.persons), 0
        klass = p.entries[who][0] if r.random() < 0.95 else r.randint(1, 2)
        fen = self.money()
        loan = bytes([r.randint(1, 40)] * 32)
        if self.loans_seen and r.random() < 0.3:
            bank, loan, who, fen = r.choice(self.loans_seen)
            klass = p.entries[who][0]
        rate = r.choice([43500] * 9 + [60001])
        drawn = self.today - timedelta(days=r.choice([0] * 12 + [3, 20, -1]))
        box = []
        args = [who, loan, klass, fen, rate, wire.day(drawn), wire.day(drawn + timedelta(days=365)), None]
        self.do(p, 'REGISTER_LOAN', bank, None, args,
                lambda: box.append(p.register(self.today, bank, who, loan, klass, fen, rate, drawn)),
                made=lambda o: setattr(box[0], 'id', o))
        if box:
            self.loans_seen.append((bank, loan, who, fen))

    def step(self):
        r = self.r
        p = r.choice(self.pools)
        if self.owed and r.random() < 0.35:
            self.pay(r.choice(self.owed))
            for q in self.pools:
                self.check(q)
            return
        k = r.random()
        if p.state == 'STOPPED' and k < 0.3:
            k2 = r.sample(sorted({x.who for x in p.layers}), r.randint(1, len({x.who for x in p.layers})))
            k2 = sorted(k2)
            self.do(p, 'RESUME', DEPT, p.id, ['why', k2], lambda: p.resume(k2), signers=k2)
        elif k < 0.08:
            self.fund(p)
        elif k < 0.3 or not p.loans:
            self.register(p)
        else:
            x = r.choice(p.loans)
            if r.random() < 0.12:
                self.event(p, x, r.choice(['REPAY', 'STATUS', 'CURE', 'FILE', 'DEPT_OK', 'REVIEW_OK', 'REJECT', 'RECOVER',
                                           'DEMAND_BACK', 'CLOSE']))
                return
            self.event(p, x, {
                'REGISTERED': r.choice(['REPAY', 'STATUS', 'STATUS', 'STATUS']),
                'DEFAULTED': r.choice(['FILE', 'FILE', 'FILE', 'STATUS', 'CURE', 'REPAY']),
                'FILED': r.choice(['DEPT_OK'] * 8 + ['REJECT']), 'REVIEW': r.choice(['REVIEW_OK'] * 9 + ['REJECT']),
                'APPROVED': 'RECOVER', 'PART_PAID': 'RECOVER', 'COMPENSATED': r.choice(['RECOVER'] * 6 + ['DEMAND_BACK']),
                'REFUNDING': r.choice(['RECOVER'] * 6 + ['CLOSE', 'DEMAND_BACK']), 'CLOSED': 'RECOVER', 'REJECTED': 'FILE',
                'CLAWED_BACK': r.choice(['RECOVER'] * 5 + ['CLOSE']), 'REPAID': 'STATUS'}[x.state])

    def event(self, p, x, name):
        r, t, bank = self.r, self.today, x.bank
        if name == 'REPAY':
            fen = r.choice([x.balance, r.randint(1, max(1, x.balance)), x.balance + 1]) or 1
            self.do(p, name, bank, x.id, [fen], lambda: p.repay(x, fen))
        elif name == 'STATUS':
            what = r.choice([p.p['TRIGGER']] * 3 + [1, 2, 3])
            since = t - timedelta(days=r.choice([0] * 20 + [1, 40, 100, -1]))
            if x.trigger[what] is None:
                self.do(p, name, bank, x.id, [what, wire.day(since)], lambda: p.status(t, x, what, since))
        elif name == 'CURE':
            self.do(p, name, bank, x.id, [], lambda: p.cure(x))
        elif name == 'FILE':
            fen = r.choice([x.balance] * 9 + [x.balance + 1]) or 1
            self.do(p, name, bank, x.id, [fen, None, None, []], lambda: p.file(t, x, fen))
        elif name == 'DEPT_OK':
            fen = r.choice([x.claimed] * 9 + [x.claimed + 1]) or 1
            self.do(p, name, DEPT, x.id, [fen], lambda: p.dept_ok(x, fen))
        elif name == 'REVIEW_OK':
            try:
                pay = p.pay_of(t, x)[0]
            except Refused:
                pay = 1
            fen, pay = r.choice([x.claimed] * 19 + [x.claimed + 1]) or 1, r.choice([pay] * 9 + [pay + 1])
            if pay == 0:
                return
            self.do(p, name, POOL, x.id, [fen, pay], lambda: p.review_ok(t, x, fen, pay))
        elif name == 'REJECT':
            self.do(p, name, POOL if x.state == 'REVIEW' else DEPT, x.id, ['why'], lambda: p.reject(x))
        elif name == 'RECOVER':
            left = max(1, x.claimed - x.net)
            gross = r.choice([r.randint(1, 30), r.randint(1, left), left + r.randint(0, 1000)])
            cost = r.choice([0, r.randint(0, 40), r.randint(0, gross), gross + 5])
            self.do(p, name, bank, x.id, [gross, cost, 'ref'], lambda: p.recover(x, gross, cost))
        elif name == 'DEMAND_BACK':
            ppm = None if not x.refunded else r.randint(1, PPM)
            self.do(p, name, r.choice([POOL, AUD]), x.id, ['finding', ppm], lambda: p.demand_back(x, ppm))
        elif name == 'CLOSE':
            self.do(p, name, bank, x.id, ['why'], lambda: p.close(x), signers=[POOL])
