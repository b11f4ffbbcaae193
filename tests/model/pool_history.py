"""Random lives of risk-compensation pools: claims, shortage, queue, recoveries, demand-backs, winding up; and refusals."""
import struct
from datetime import timedelta

import wire
from ledger import AUD, AUD2, BANK, BANK2, CITY, COUNTY, DEPT, POOL, PROV, Refused, slots
from mixed import Mixed
from model import PPM
from pool_model import FIFO, PRORATA, RUNNING, TABLE, E, Pool, S

OF_LOANS = ('REPAY', 'STATUS', 'CURE', 'FILE', 'DEPT_OK', 'REVIEW_OK', 'REJECT', 'RECOVER', 'DEMAND_BACK', 'CLOSE', 'FREEZE',
            'UNFREEZE', 'DISPUTE',
            'RESOLVE')


class PoolHistory(Mixed):
    CONTRACT, PLUGIN, WARNS = 2, 'pool', True
    EVENTS = {k: v for k, v in E.items() if k != 'OPENING'}
    MAKING = ('CREATE', 'FUND', 'ENROL', 'REGISTER_LOAN')
    ON_OBJECT = OF_LOANS

    # ---- programmes ----
    def layers(self):
        r = self.r
        names = [('MUTUAL', POOL), ('COUNTY', COUNTY), ('CITY', CITY), ('PROV', PROV)]
        r.shuffle(names)
        count = r.randint(1, 4)
        layers, level = [], 0
        while len(layers) < count:
            n = r.choice([1, 1, min(2, count - len(layers)), count - len(layers)])
            cuts = sorted(r.sample(range(1, PPM), n - 1)) if r.random() < 0.5 else \
                [PPM * (i + 1) // n for i in range(n - 1)]
            for v in [b - a for a, b in zip([0] + cuts, cuts + [PPM])]:
                name, who = names[len(layers)]
                layers.append((name, who, level, v))
            level += 1
        return layers

    def unsound(self, layers):
        """The same with something that 2001 refuses."""
        r = self.r
        i = r.randrange(len(layers))
        name, who, level, ppm = layers[i]
        layers[i] = r.choice([(name, who, level, ppm - 1), (name, who, level + 1, ppm), (name.lower(), who, level, ppm),
                              ('', who, level, ppm), (name, who, level, 0)])
        return r.choice([layers, layers, layers + [layers[0]], []])

    def setting(self, number, klass, sound):
        r = self.r
        layers = self.layers() if sound else self.unsound(self.layers())
        cap = lambda: r.choice([0, 0, r.randint(1, self.scale), r.randint(1, self.scale // 10)])
        p = dict(TABLE, CLASS=klass, SETTLE=self.settle(number), TRUSTEE=POOL, DEPT=DEPT, TRIGGER=r.randint(1, 3),
                 REGISTER_WD=r.choice([1, 10, 10]),
                 TRIGGER_DAYS=r.choice([0, 0, 30]), WINDOW_DAYS=r.choice([60, 180]), RATE_CAP=r.choice([PPM, 60000]),
                 PER_CLAIM_CAP=cap(), PER_BORROWER_CAP=cap(), PER_BANK_YEAR_CAP=cap(),
                 STACK_PPM=r.choice([800000, PPM, PPM, r.randint(1, PPM), r.randint(0, PPM)]), LEVERAGE=r.choice([0, 0, 0, 2,
                                                                                                                  10]),
                 WARN_PPM=r.choice([0, 50000, 300000]), STOP_PPM=r.choice([0, 0, 80000, 500000, PPM]),
                 REFUND_ORDER=r.choice([1, 1, 2]), RESUME_K=r.randint(1, 2), COST_LIMIT=r.choice([9 * 10**15, self.scale // 4]),
                 SHORT_MODE=r.choice([FIFO, PRORATA]), RATIO_BASE=r.randint(1, 3), DEPT_WD=r.randint(1, 5),
                 REVIEW_WD=r.randint(1, 5),
                 DRAW_WD=r.randint(1, 10), REFUND_WD=r.randint(1, 10), BACK_WD=r.randint(1, 20))
        ratios = [r.choice([500000, r.randint(1, PPM), PPM]) for _ in range(2)]
        banks = [BANK] if r.random() < 0.2 else [BANK, BANK2]
        papers = ['lawsuit', 'dunning'][:r.choice([0, 0, 1, 2])]
        blob = wire.pack([slots(TABLE, p), [list(x) for x in layers], ratios, banks, papers])
        return (number, 2, f'P{number}', self.w.settlement, blob), (layers, ratios, banks, len(papers), p)

    def plan(self, first):
        r = self.r
        self.scale = 10**r.randint(3, 9)
        self.poor = r.choice([1, 1, 4, 10, 30, 100])  # so much less is funded than lent
        shared = dict(loans={}, stack={})
        sound = [True] * r.randint(1, 3) + [False] * self.chance(0.1)
        made = [self.setting(first + i, r.choice([1, 2, 2]) if i == 1 else 1, ok) for i, ok in enumerate(sound)]
        self.all = [Pool(m[0][0], self.books, shared, *m[1][:4], **m[1][4]) for m in made]
        self.pools = [p for p, ok in zip(self.all, sound) if ok]
        return [m[0] for m in made]

    def open(self):
        self.persons = [bytes([i + 1] * 32) for i in range(3)]
        self.loans_seen = []
        self.touched = None
        for p in self.all:
            p.strangers, p.fundings = [], []
            self.begin(p)

    def turns(self):
        return self.r.randint(15, 80)

    def turn(self):
        r = self.r
        if r.random() < 0.25:
            self.advance(r.choice([0, 1, 1, 3, r.randint(1, 30)]))
        self.step()

    def check_all(self):
        for p in self.pools:
            for x in p.loans:
                self.check(p, x)

    def begin(self, p):
        r = self.r
        if self.chance(0.1):
            self.refuse('TOO-EARLY', E['ENROL'], p, DEPT, None, [self.persons[0], 1, 20280101], 9111)
        self.event_create(p)
        if p not in self.pools:
            return self.refuse('TOO-EARLY', E['FUND'], p, PROV, None, ['PROV', 1, 'ref'], 9111)
        while p.state == 'NONE':
            self.event_create(p)
        if self.chance(0.05):
            self.event_create(p)
        self.fund(p)
        for who in self.persons:
            self.enrol(p, who, r.choice([400, 4000, 4000, 3]))

    def event_create(self, p):
        self.do(p, 'CREATE', POOL, None, ['6225880000000001'], p.create, signers={x.who for x in p.layers},
                made=lambda o: setattr(p, 'id', o))

    def enrol(self, p, who, days):
        klass, until = self.r.randint(1, 2 + self.chance(0.05)), self.today + timedelta(days=days)
        self.do(p, 'ENROL', DEPT, None, [who, klass, wire.day(until)], lambda: p.enrol(who, klass, until),
                made=p.strangers.append)

    # ---- both sides ----
    def do(self, p, name, *args, **more):
        for q in self.all:
            q.today = self.today
        ok = super().do(p, name, *args, **more)
        x, self.touched = self.touched, None
        self.stats['pool ' + p.state, 0] += 1
        if ok and name == 'REVIEW_OK':
            self.stats['approved: ' + x.state, 0] += 1
        self.check(p, x)
        return ok

    def sys(self, outcomes):
        for p in self.pools:
            p.today = self.today
            self.books.programme = p.number
            waits = len(p.queue)
            p.serve()
            if waits and p.queue_served:
                self.stats[f"served of {'several' if waits > 1 else 'one'} by mode", p.p['SHORT_MODE']] += 1
            p.late(self.today)

    def check(self, p, x=None):
        if p.state == 'NONE':
            return
        mine = (S[p.state], p.open_claims, p.balance, p.npl, p.pending, p.shortage, sum(y.memo for y in p.loans))
        layers = [y.balance for y in p.layers]
        assert min(layers) >= 0                                                      # I8

        def then(got):
            v = got[0]
            self.expect('pool: state claims balance npl pending shortage memo', mine, (v[1], *struct.unpack_from('<I8x5q', v,
                                                                                                                 12)))
            self.expect('layers', layers, [struct.unpack_from('<q', v, 192 + 24 * i)[0] for i in range(len(layers))])
        self.d.later(2, [p.id], then)
        if x is not None and hasattr(x, 'id'):
            state = (S[x.state], x.balance, x.claimed, x.approved, x.paid, x.short, x.refunded, x.clawed, x.carried, *x.borne)

            def loan(got):
                v = got[0]
                self.expect('loan: state balance claimed approved paid short refunded clawed carried borne', state,
                            (v[1], *struct.unpack_from('<7q8x3q', v, 200)))
            self.d.later(2, [x.id], loan)
            assert x.paid + x.short <= x.approved and x.refunded + x.clawed <= x.paid
            assert x.approved <= x.claimed * p.ratios[x.klass - 1] // PPM

    # ---- what happens ----
    def money(self):
        r = self.r
        return r.choice([r.randint(1, max(2, self.scale // 1000)), r.randint(1, self.scale), r.randint(1, self.scale)])

    def fund(self, p):
        r = self.r
        for i, y in enumerate(p.layers):
            if r.random() < 0.7:
                fen, ref = max(1, self.money() // self.poor), f'R{r.randint(1, 99)}'
                if self.chance(0.04):
                    self.do(p, 'FUND', y.who, None, ['NONE', fen, ref], lambda: p.fund({}, None))
                f = dict(state='NONE', layer=i, fen=fen, ref=ref)
                if not self.do(p, 'FUND', y.who, None, [y.name, fen, ref], lambda: p.fund(f, i), made=lambda o: f.update(id=o)):
                    continue
                p.strangers.append(f['id'])
                p.fundings.append(f)
                confirm = lambda v, t: self.confirm(p, f, v, t)
                if self.chance(0.08):
                    confirm(*r.choice([(fen + 1, ref), (fen, ref + '0')]))
                if r.random() < 0.95:
                    confirm(fen, ref)
                if self.chance(0.05):
                    confirm(fen, ref)

    def confirm(self, p, f, fen, ref):
        event = lambda: p.fund_confirm(f, fen, ref)
        self.do(p, 'FUND_CONFIRM', POOL, f['id'], [fen, ref], lambda: p.reversible_funding(f, event))

    def at_the_line(self, p):
        """The breaker's sums a fen below, at, above a line: principal to register (it only warns), or (loan, fen) to repay."""
        lines = [v for v in (p.p['WARN_PPM'], p.p['STOP_PPM']) if v]
        if not lines or not p.npl:
            return None
        more = p.npl * PPM // self.r.choice(lines) - p.balance + self.r.randint(-1, 1)
        if more > 0:
            return more
        some = [x for x in p.loans if x.state == 'REGISTERED' and x.balance >= -more > 0]
        return (self.r.choice(some), -more) if some else None

    def register(self, p, fen=None, of=None, like=None):
        r = self.r
        bank = r.choice([BANK, BANK, BANK2] if BANK2 in p.banks or self.chance(0.1) else [BANK])
        who, klass = of or r.choice(self.persons), 1
        if who in p.entries:
            klass = self.but(p.entries[who][0], 1, 2, 3)
            if p.entries[who][1] < self.today and r.random() < 0.8:
                self.enrol(p, who, 4000)
        if fen is None:
            fen = self.money()
            if p.p['LEVERAGE'] and r.random() < 0.9:
                fen = max(1, min(fen, p.p['LEVERAGE'] * p.cash - p.balance + self.but(0, 1)))
        loan = r.randbytes(32)
        if self.loans_seen and (self.chance(0.15) or r.random() < 0.1 and len(self.pools) > 1):
            like = r.choice(self.loans_seen)
        if like:
            bank, loan, who, fen = like
            klass = p.entries[who][0] if who in p.entries else 1
        rate = self.but(43500, p.p['RATE_CAP'], min(PPM, p.p['RATE_CAP'] + 1))
        drawn = self.today - timedelta(days=self.but(r.choice([0, 0, 0, 0, 0, 1]), 3, 7, 14, 20, -1, p=0.12))
        maturity = drawn + timedelta(days=self.but(365, 0, p=0.03))
        box = []
        args = [who, loan, klass, fen, rate, wire.day(drawn), wire.day(maturity), None]
        def made(o):
            box[0].id = o
            self.touched = box[0]
        self.do(p, 'REGISTER_LOAN', bank, None, args,
                lambda: box.append(p.register(self.today, bank, who, loan, klass, fen, rate, drawn, maturity)), made=made,
                swap=False)
        if box:
            self.loans_seen.append((bank, loan, who, fen))

    def step(self):
        r = self.r
        p = r.choice([q for q in self.pools if q.state in RUNNING] * 8 + self.pools)
        k = r.random()
        if self.owed and k < 0.3:
            self.pay(r.choice(self.owed))
            return self.check(p)
        k = r.random()
        if len(self.w.lives) == 1 and k < 0.004:
            return self.finish(p)
        if k < 0.05:
            others = [(q, x.id) for q in self.pools for x in q.loans] + [(q, q.id) for q in self.pools]
            return self.nonsense(p, others, p.strangers)
        if p.state == 'STOPPED' and k < 0.4:
            return self.resume(p)
        if r.random() < 0.06:
            return r.choice([self.take_back] * 4 + [self.there_and_back] * 4 + [self.repaid_and_back] * 2)(p)
        if k < 0.09 or len(p.queue) > 1 and k < 0.2:
            return self.fund(p)
        if k < 0.13 or k < 0.14 and p.open_claims:
            return self.wind_up(p) if p.open_claims or r.random() < 0.1 else self.register(p)
        line = self.at_the_line(p) if k < 0.3 else None
        if isinstance(line, tuple):
            return self.event(p, line[0], 'REPAY', line[1])
        live = [x for x in p.loans if x.state not in ('REPAID', 'CLOSED') and not x.left]
        if p.state in ('OPEN', 'WARN') and r.random() < 0.08:
            return self.burst(p)
        if line or not p.loans or len(live) < 2 or k < 0.25 and len(live) < 12:
            if p.state in ('OPEN', 'WARN') or r.random() < 0.2:
                return self.register(p, line)
            if not p.loans:
                return None
        x = r.choice(live if live and r.random() < 0.93 else p.loans)
        if self.chance(0.06):
            return self.event(p, x, r.choice(OF_LOANS))
        if r.random() < 0.02 or x.frozen is not None and r.random() < 0.4:
            return self.event(p, x, 'FREEZE' if x.frozen is None else 'UNFREEZE')
        if x.disputed and r.random() < 0.3 or x.state in ('FILED', 'REVIEW') and r.random() < 0.12:
            return self.event(p, x, 'RESOLVE' if x.disputed else 'DISPUTE')
        self.event(p, x, self.next(x))
        if x.approved and x.note is not None and r.random() < 0.15:
            self.event(p, x, 'REVERSE')

    def take_back(self, p):
        """REVERSE of what was noted, mostly of what came last."""
        r = self.r
        if p.fundings and r.random() < 0.25:
            f = r.choice(p.fundings[-3:])
            self.reverse(p, f['id'], f.get('note'), lambda op: p.reverse_funding(f, op))
            if f['state'] == 'PENDING' and r.random() < 0.5:
                self.confirm(p, f, f['fen'], f['ref'])
            return
        noted = [x for x in p.loans if x.note is not None] or p.loans
        noted = [x for x in noted if x.approved] or noted if r.random() < 0.7 else noted
        if noted:
            self.event(p, r.choice(noted), 'REVERSE')

    def there_and_back(self, p):
        """Money demanded back, or recovered, and that taken back; meanwhile its caps, its ceiling or the cash go elsewhere."""
        r = self.r
        some = [x for x in p.loans if x.outstanding + x.short and x.frozen is None and x.bank in p.banks]
        if not some or p.state not in RUNNING:
            return
        x = max(some, key=lambda x: (x.short, r.random())) if r.random() < 0.5 else r.choice(some)
        self.event(p, x, r.choice(['DEMAND_BACK', 'DEMAND_BACK', 'RECOVER']))
        self.elsewhere(p, x)
        self.event(p, x, 'REVERSE')
        if r.random() < 0.4:
            self.elsewhere(p, x)

    def repaid_and_back(self, p):
        """Repaid in full, so that another pool of the class may register it; and not repaid after all."""
        some = [x for x in p.loans if x.state in ('REGISTERED', 'DEFAULTED')]
        others = [q for q in self.pools if q is not p and q.p['CLASS'] == p.p['CLASS']]
        if some:
            x = self.r.choice(some)
            self.event(p, x, 'REPAY', x.balance)
            if others and self.r.random() < 0.7:
                self.register(self.r.choice(others), None, x.borrower, (x.bank, x.loan, x.borrower, x.principal))
            self.event(p, x, 'REVERSE')

    def elsewhere(self, p, x):
        """What x may get given to another claim: of its borrower, or of its loan in another pool; or more cash."""
        r, others = self.r, [q for q in self.pools if q.p['CLASS'] != p.p['CLASS'] and q.state in ('OPEN', 'WARN')]
        k = r.random()
        if k < 0.2 or k < 0.6 and p.p['PER_BORROWER_CAP']:
            self.burst(p, x.borrower)
        elif k < 0.75 and others:
            self.burst(r.choice(others), x.borrower, (x.bank, x.loan, x.borrower, x.principal))
        elif k < 0.9:
            self.fund(p)

    def burst(self, p, who=None, like=None):
        """A loan from its registration to the approval of its claim: so queues grow."""
        before = len(p.loans)
        self.register(p, None, who, like)
        for x in p.loans[before:]:
            for name in ('STATUS', 'FILE', 'DEPT_OK', 'REVIEW_OK'):
                self.event(p, x, name)

    def next(self, x):
        r = self.r
        return {'REGISTERED': r.choice(['REPAY'] + ['STATUS'] * 5), 'DEFAULTED': r.choice(['FILE'] * 9 + ['STATUS', 'CURE',
                                                                                                          'REPAY']),
                'FILED': r.choice(['DEPT_OK'] * 12 + ['REJECT']), 'REVIEW': r.choice(['REVIEW_OK'] * 12 + ['REJECT']),
                'APPROVED': r.choice(['RECOVER'] * 4 + ['DEMAND_BACK']),
                'PART_PAID': r.choice(['RECOVER'] * 4 + ['DEMAND_BACK']),
                'COMPENSATED': r.choice(['RECOVER'] * 6 + ['DEMAND_BACK'] * 2 + ['CLOSE']),
                'REJECTED': r.choice(['FILE'] * 3 + ['REPAY']),
                'REFUNDING': r.choice(['RECOVER'] * 6 + ['CLOSE', 'DEMAND_BACK']), 'CLOSED': r.choice(['RECOVER',
                                                                                                       'DEMAND_BACK']),
                'CLAWED_BACK': r.choice(['RECOVER'] * 3 + ['CLOSE', 'DEMAND_BACK']), 'REPAID': 'STATUS'}[x.state]

    def resume(self, p):
        r = self.r
        who = sorted({x.who for x in p.layers})
        who = sorted(r.sample(who, r.randint(1, len(who))) + self.but([], [BANK]))
        obj = self.but(p.id, *[x.id for x in p.loans[:1]] or [p.id])
        if obj != p.id:
            return self.refuse('RESUME-LOAN', E['RESUME'], p, DEPT, obj, ['why', who], 9111)
        self.do(p, 'RESUME', DEPT, p.id, ['why', who], lambda: p.resume(who), signers=set(who) & {x.who for x in p.layers})

    def wind_up(self, p):
        return self.do(p, 'WIND_UP', POOL, p.id, ['why'], p.wind_up, signers={x.who for x in p.layers})

    def finish(self, p):
        """Everything to its end, then the winding up."""
        def pay():
            while self.owed:
                self.pay(self.owed[0])
        for x in p.loans:
            x.frozen is None or self.event(p, x, 'UNFREEZE')
            x.state in ('FILED', 'REVIEW') and self.event(p, x, 'REJECT')
            x.state in ('APPROVED', 'PART_PAID') and self.event(p, x, 'DEMAND_BACK')
        pay()
        for x in p.loans:
            self.event(p, x, 'CLOSE')
        pay()
        self.wind_up(p)
        for _ in range(3):
            if p.loans:
                self.event(p, self.r.choice(p.loans), self.r.choice(OF_LOANS))
        self.fund(p)
        pay()
        self.check(p)

    def event(self, p, x, name, fen=None):
        r, t, bank = self.r, self.today, x.bank
        self.touched = x
        if name == 'REPAY':
            fen = fen or r.choice([x.balance, r.randint(1, max(1, x.balance)), r.randint(1, max(1, x.balance)),
                                   x.balance + 1]) or 1
            self.do(p, name, bank, x.id, [fen], lambda: p.reversible(x, name, lambda: p.repay(x, fen)))
        elif name == 'STATUS':
            what = r.choice([p.p['TRIGGER']] * 5 + [1, 2, 3])
            since = max(x.drawn, t - timedelta(days=r.choice([0] * 5 + [1, p.p['TRIGGER_DAYS'], p.p['TRIGGER_DAYS'], 40])))
            since += timedelta(days=self.but(0, 1, -50))
            self.do(p, name, bank, x.id, [what, wire.day(since)], lambda: p.status(t, x, what, since))
        elif name == 'CURE':
            self.do(p, name, bank, x.id, [], lambda: p.cure(x))
        elif name == 'FILE':
            self.file(p, x)
        elif name == 'DEPT_OK':
            fen = self.but(x.base, x.base + 1) or 1
            self.do(p, name, DEPT, x.id, [fen], lambda: p.dept_ok(x, fen))
        elif name == 'REVIEW_OK':
            try:
                pay = p.pay_of(t, x)[0]
            except Refused:
                pay = 1
            fen, pay = self.but(x.base, x.base + 1) or 1, self.but(pay, pay + 1)
            self.do(p, name, POOL, x.id, [fen, pay], lambda: p.review_ok(t, x, fen, pay))
        elif name == 'REJECT':
            self.do(p, name, POOL if x.state == 'REVIEW' else DEPT, x.id, ['why'], lambda: p.reject(x))
        elif name == 'RECOVER':
            left = max(1, x.claimed - x.net)
            gross = r.choice([r.randint(1, 30), r.randint(1, left), left, left + r.randint(0, 1000)])
            limit = p.p['COST_LIMIT']
            cost = r.choice([0, 0, r.randint(0, 40), r.randint(0, gross), gross + 5, min(limit, gross) + r.randint(0, 1)])
            event = lambda: p.recover(x, gross, cost)
            self.do(p, name, bank, x.id, [gross, cost, 'ref'], lambda: p.reversible(x, name, event),
                    signers=[POOL] if cost > limit else [])
        elif name == 'DEMAND_BACK':
            who, most = r.choice([POOL, POOL, AUD, AUD2]), x.outstanding * PPM // x.paid if x.paid else PPM
            ppm = r.choice([None, r.randint(0, most), r.randint(0, most), r.randint(0, most), r.randint(1, PPM)])
            event = lambda: p.demand_back(x, ppm, who)
            self.do(p, name, who, x.id, ['finding', ppm], lambda: p.reversible(x, name, event), swap=False)
        elif name == 'REVERSE':
            self.reverse(p, x.id, x.note, lambda op: p.reverse(x, op))
        elif name == 'CLOSE':
            self.do(p, name, bank, x.id, ['why'], lambda: p.close(x), signers=[POOL])
        elif name == 'DISPUTE':
            fen, who = self.but(r.randint(1, max(1, x.claimed - 1)), max(1, x.claimed)), r.choice([bank, POOL, DEPT])
            self.do(p, name, who, x.id, [fen, 'why'], lambda: p.dispute(x, fen, who), swap=False)
        elif name == 'RESOLVE':
            fen = self.but(r.choice([0, x.disputed, r.randint(0, x.disputed)]), x.disputed + 1)
            self.do(p, name, bank, x.id, [fen], lambda: p.resolve(t, x, fen), signers=[DEPT, POOL])
        elif name == 'FREEZE':
            who = self.but(r.choice([AUD, AUD2]), POOL)
            self.do(p, name, who, x.id, ['why'], lambda: p.freeze(x, who), swap=False)
        elif name == 'UNFREEZE':
            self.do(p, name, AUD if x.frozen is None else x.frozen, x.id, ['why'], lambda: p.unfreeze(x))

    def file(self, p, x):
        """When the trigger is met; now and then too early, too late, of another amount, without its papers."""
        r = self.r
        since, days = x.trigger[p.p['TRIGGER']], p.p['TRIGGER_DAYS']
        if since is None and x.state == 'DEFAULTED' and r.random() < 0.8:
            self.touched = None
            return self.event(p, x, 'STATUS')
        if since is not None and r.random() < 0.8:
            late = p.p['WINDOW_DAYS'] if r.random() < 0.1 else days
            when = since + timedelta(days=max(0, late + r.choice([0, 0, 0, 0, -1, 1])))
            self.advance(max(0, (when - self.today).days))
        t, fen = self.today, self.but(x.balance, x.balance + 1) or 1
        interest, other = (r.choice([None, r.randint(0, 1 + fen // 20)]) for _ in range(2))
        papers = [bytes([7] * 32)] * (self.but(p.documents, 0, 1, 2, 3))
        self.do(p, 'FILE', x.bank, x.id, [fen, interest, other, papers],
                lambda: p.file(t, x, fen, interest or 0, other or 0, len(papers)))
