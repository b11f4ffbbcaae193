"""Random lives of receivable vouchers: chains of holders, financing, default and recourse; and what is refused."""
import struct
from datetime import timedelta

import wire
from ledger import AUD, AUD2, BANK, BANK2, CORE, CORE2, DEPT, S1, S2, S3, slots
from mixed import Mixed
from voucher_model import TABLE, E, Programme, S, months_after

LIVE = ('OFFERED', 'ACTIVE', 'FINANCED', 'PLEDGED')
ON_VOUCHER = tuple(n for n in E if n not in ('LINE', 'ISSUE'))
NOBODY = 61  # a member that there is not
NONE = 0xffff


class VoucherHistory(Mixed):
    CONTRACT, PLUGIN, WARNS = 4, 'voucher', True
    EVENTS = E
    MAKING = ('LINE', 'ISSUE')
    ON_OBJECT = ON_VOUCHER

    def plan(self, first):
        r = self.r
        shared = self.shared = dict(invoices={}, registrations=set())
        self.g = []
        for number in range(first, first + r.randint(1, 2)):
            p = dict(TABLE, SETTLE=self.settle(number), DEPTH_MAX=r.choice([0, 1, 2, 5]), BASIS=r.choice([360, 365]),
                     OFFER_DAYS=r.choice([1, 10]),
                     TERM_MONTHS=r.choice([12, 12, 3]), REASON_MONTHS=r.choice([6, 0, 12]), DEFAULT_WD=r.choice([0, 3, 3, 10]),
                     RATE_CAP=r.choice([240000, 50000]))
            self.g.append(Programme(number, self.books, shared, p))
        self.pays = r.choice([0, 0.2, 0.5])  # how likely a debt is paid before days pass
        self.minutes, self.serial, self.freed = [], 0, []  # freed: registrations of reversed financing
        return [(g.number, 4, f'V{g.number}', self.w.settlement, wire.pack([slots(TABLE, g.p)])) for g in self.g]

    def open(self):
        for g in self.g:
            for core in (CORE, CORE2):
                if self.r.random() < 0.95:
                    self.line(g, core)

    def turns(self):
        return self.r.randint(15, 70)

    def turn(self):
        if self.r.random() < 0.25:
            self.advance(self.r.choice([1, 1, 2, 5, self.r.randint(1, 60)]))
        self.step()

    @property
    def debts(self):
        mine = {g.number for g in self.g}
        return [o for o in self.owed if o.programme in mine]

    def leaving(self):
        for o in self.debts:
            if self.r.random() < self.pays:
                self.pay(o)

    def stop(self, to):
        """Maturities and defaults on their own days."""
        days = [v.due if v.state in LIVE else v.in_time + timedelta(days=1) for g in self.g for v in g.vouchers
                if v.state in LIVE or v.state == 'MATURED']
        return min((d for d in days if self.today < d <= to), default=None)

    def sys(self, outcomes):
        for g in self.g:
            self.books.programme = g.number
            for v in sorted(g.vouchers, key=lambda v: v.id):
                if v.state == 'OFFERED' and self.today > v.until:
                    g.cancel(v, True)
                elif v.state in ('ACTIVE', 'FINANCED', 'PLEDGED') and self.today >= v.due:
                    g.mature(v)
                if v.state == 'MATURED' and self.today > v.in_time:
                    g.default(v)

    def check(self, g):
        some = lambda m: NONE if m is None else m
        mine = [(S[v.state], v.depth, v.holder, some(v.pledgee), len(v.links), v.called, v.number, some(v.freezer), v.face,
                 v.unearned, v.owed) for v in g.vouchers]

        def then(got):
            for m, rec in zip(mine, got):
                self.expect('voucher: state depth holder pledgee links called number freezer face unearned owed', m,
                            (rec[1], rec[3], *struct.unpack_from('<H2xHBBI26xH3Q', rec, 8)) if rec else 'no record')
        self.d.later(4, [v.id for v in g.vouchers], then)
        lines = sorted(g.lines)
        keys = [b'L' + g.number.to_bytes(2, 'big') + core.to_bytes(2, 'big') for core in lines]
        used = [g.lines[core][2] for core in lines]
        self.d.later(4, keys, lambda got: self.expect('lines: used', used, [struct.unpack_from('<Q', rec,
                                                                                               16)[0] for rec in got]))
        for core in lines:
            alive = sum(v.face for v in g.vouchers if v.core == core and v.state not in ('SPENT', 'CANCELLED', 'PAID'))
            assert alive == g.lines[core][2]                                         # I7

    def check_all(self):
        for g in self.g:
            self.check(g)
            for v in g.vouchers:
                self.stats['ended ' + v.state, 0] += 1
                if v.called:
                    self.stats[f'recourse against so many, {v.state}', v.called] += 1

    # ---- what happens ----
    def line(self, g, core):
        r = self.r
        limit, until = r.choice([10**12, 10**12, 10**12, r.randint(10**8, 10**10)]), self.today + timedelta(days=r.choice([5,
                4000, 4000]))
        bank = r.choice([BANK, BANK, BANK2])
        core = self.but(core, NOBODY, bank)
        if self.chance(0.03):
            bank = DEPT
        old = g.lines.get(core)
        self.do(g, 'LINE', bank, None, [core, limit, wire.day(until)], lambda: g.line(bank, core, limit, until),
                signers=[old[3]] if old else [], made=self.minutes.append, swap=False)

    def step(self):
        r = self.r
        g = r.choice(self.g)
        k = r.random()
        if k < 0.04:
            return self.nonsense(g, [(q, v.id) for q in self.g for v in q.vouchers], self.minutes if g is self.g[0] and
                                 len(self.g) == 1 else [])
        debts = self.debts
        if debts and k < 0.12:
            return self.pay(r.choice([o for o in debts if o.debtor not in (CORE, CORE2)] or debts))
        live = [v for v in g.vouchers if v.state in LIVE]
        if k < 0.35 or not live:
            return self.issue(g)
        if k < 0.37:
            return self.line(g, r.choice([CORE, CORE2]))
        if r.random() < 0.05:
            noted = [v for v in g.vouchers[-12:] if v.note is not None]
            v = r.choice(noted or live)
            if r.random() < 0.15:
                self.event(g, v, 'FREEZE')  # which stays
            return self.event(g, v, 'REVERSE')
        v = r.choice(g.vouchers if k > 0.85 else live)
        if v.freezer is not None and r.random() < 0.5 or self.chance(0.03):
            return self.event(g, v, r.choice(['FREEZE', 'UNFREEZE']) if self.chance(0.1) else
                              'FREEZE' if v.freezer is None else 'UNFREEZE')
        if self.chance(0.05):
            return self.event(g, v, r.choice(ON_VOUCHER))
        if self.chance(0.01) and v.state == 'ACTIVE':
            return self.long_chain(g, v)
        name = {'OFFERED': r.choice(['ACCEPT'] * 8 + ['CANCEL']), 'PLEDGED': r.choice(['UNPLEDGE', 'UNPLEDGE', 'DISCOUNT',
                                                                                       'PREPAY']),
                'FINANCED': r.choice(['PREPAY', 'PREPAY', 'SPLIT', 'TRANSFER', 'DISCOUNT', 'PLEDGE']),
                'ACTIVE': r.choice(['SPLIT', 'SPLIT', 'TRANSFER', 'TRANSFER', 'TRANSFER', 'TRANSFER', 'DISCOUNT', 'DISCOUNT',
                                    'PLEDGE',
                                    'PREPAY']),
                'MATURED': r.choice(['DEFAULT', 'UNPLEDGE', 'TRANSFER', 'PREPAY']),
                'DEFAULTED': r.choice(['DEFAULT', 'UNPLEDGE', 'TRANSFER', 'PLEDGE', 'DISCOUNT', 'SPLIT', 'PREPAY'])
                }.get(v.state, 'ACCEPT')
        self.event(g, v, name)
        if v.note is not None and r.random() < 0.08:
            self.event(g, v, 'REVERSE')

    def long_chain(self, g, v):
        """From hand to hand until the record is full."""
        while len(v.links) < 16 and v.state == 'ACTIVE':
            payee = self.r.choice([m for m in (S1, S2, S3) if m != v.holder])
            recourse = self.r.random() < 0.9
            if not self.do(g, 'TRANSFER', v.holder, v.id, [payee, bytes(32), int(recourse)], lambda: g.transfer(v, payee,
                                                                                                                recourse),
                           signers=[payee]):
                break
            v = g.vouchers[-1]
        if v.state == 'ACTIVE' and self.r.random() < 0.5:
            self.event(g, v, 'DISCOUNT')
        self.check(g)

    def registration(self):
        free = [n for n in self.freed if n not in self.shared['registrations']]
        if free and self.r.random() < 0.5:
            return self.r.choice(free)
        self.serial += 1
        return self.but(f'ZDW{self.serial}', None, 'ZDW1', f'ZDW{self.serial - 1}')

    def event(self, g, v, name):
        r, t = self.r, self.today
        run = lambda who, args, f, *others, swap=True: self.do(g, name, who, v.id, args, f, signers=others, swap=swap)
        if name == 'ACCEPT':
            run(v.holder, [], lambda: g.reversible(v, lambda: g.accept(v)))
        elif name == 'CANCEL':
            run(v.core, [], lambda: g.cancel(v))
        elif name == 'SPLIT':
            self.split(g, v, run)
        elif name == 'TRANSFER':
            payee = self.but(r.choice([m for m in (S1, S2, S3) if m != v.holder]), v.core, v.holder, BANK2, NOBODY)
            recourse = r.random() < 0.6
            run(v.holder, [payee, bytes(32), int(recourse)], lambda: g.transfer(v, payee, recourse),
                *([payee] * (payee != NOBODY)))
        elif name == 'DISCOUNT':
            bank = self.but(r.choice([x for x in (BANK, BANK2) if x != v.holder]), v.holder, S1, NOBODY)
            rate = self.but(r.choice([36500, r.randint(1, g.p['RATE_CAP'])]), g.p['RATE_CAP'], g.p['RATE_CAP'] + 1)
            reg, recourse = self.registration(), r.random() < 0.6
            cost = g.cost(min(t, v.due), v, rate)
            cost = self.but(cost, cost + 1)
            event = lambda: g.discount(t, v, bank, rate, reg, cost, recourse)
            run(v.holder, [bank, rate, reg, cost, int(recourse)], lambda: g.reversible(v, event, reg),
                *([bank] * (bank != NOBODY)))
        elif name == 'PLEDGE':
            bank = self.but(r.choice([x for x in (BANK, BANK2) if x != v.holder]), v.holder, S1, NOBODY)
            reg = self.registration()
            event = lambda: g.pledge(v, bank, reg)
            run(v.holder, [bank, reg], lambda: g.reversible(v, event, reg), *([bank] * (bank != NOBODY)))
        elif name == 'UNPLEDGE':
            run(BANK if v.pledgee is None else v.pledgee, [], lambda: g.reversible(v, lambda: g.unpledge(v)))
        elif name == 'PREPAY':
            fen = self.but(r.choice([0, r.randint(0, v.face // 2)]), v.face, v.face - 1)
            run(v.core, [fen], lambda: g.reversible(v, lambda: g.prepay(t, v, fen)), v.holder)
        elif name == 'DEFAULT':
            run(v.holder, [], lambda: g.declare(t, v))
        elif name == 'REVERSE':
            note = v.note
            self.reverse(g, v.id, note, lambda op: g.reverse(v, op))
            if v.note is None and note is not None and note.before[1] is not None:
                self.freed.append(note.before[1])
        elif name == 'FREEZE':
            who = self.but(r.choice([AUD, AUD2]), DEPT)
            run(who, [bytes(32)], lambda: g.freeze(v, who), swap=False)
        elif name == 'UNFREEZE':
            run(AUD if v.freezer is None else v.freezer, [], lambda: g.unfreeze(v))
        self.check(g) if r.random() < 0.3 else None

    def split(self, g, v, run):
        r = self.r
        if v.face < 10:
            return
        most = min(v.face, r.choice([4, 8, 8, 100]))
        cuts = sorted(r.sample(range(1, v.face), r.randint(1, most - 1)))
        faces = [b - a for a, b in zip([0] + cuts, cuts + [v.face])]
        wrong = self.but(None, 'more', 'one', 'zero', 'many')
        if wrong == 'more':
            faces[0] += 1
        elif wrong == 'one':
            faces = [v.face]
        elif wrong == 'zero':
            faces.append(0)
        elif wrong == 'many' and v.face > 101:
            faces = [1] * 100 + [v.face - 100]
        run(v.holder, [faces], lambda: g.split(v, faces))

    def issue(self, g):
        r, t = self.r, self.today
        core = r.choice([CORE, CORE, CORE2])
        line = g.lines.get(core)
        if (line is None or line[1] < t or line[2] * 20 > line[0] * 19) and r.random() < 0.8:
            return self.line(g, core)
        supplier = self.but(r.choice([S1, S2, S3]), core, NOBODY)
        known = g.shared['invoices']
        mine = [i for i in known if known[i][:2] == [core, supplier] and known[i][3] > 0]
        ids = set(r.sample(mine, min(len(mine), r.randint(0, 2)))) | {r.randbytes(32) for _ in range(r.randint(1, 3))}
        if known and self.chance(0.08):
            ids.add(r.choice(sorted(known)))
        invoices = [(i, known[i][2] if i in known else r.choice([r.randint(20, 10**5), r.randint(10**6,
                10**9)])) for i in sorted(ids)]
        if self.chance(0.03):
            i, amount = invoices.pop(r.randrange(len(invoices)))
            invoices = r.choice([[(i, amount + 1)], [(i, amount), (i, amount)], [], [(bytes(31) + bytes([n]),
                                                                                      1) for n in range(65)]])
        left = [known[i][3] if i in known else a for i, a in invoices]
        whole = sum(left)
        face = r.choice([whole, max(1, whole - r.randint(0, max(0, left[-1] - 1)) if left else 1)])
        face = max(1, self.but(face, whole + 1, whole - (left[-1] if left else 0)))
        if line and r.random() < 0.9 and line[0] - line[2] < face:
            return self.line(g, core)
        most = months_after(t, g.p['TERM_MONTHS'])
        due = min(most, t + timedelta(days=r.choice([r.randint(1, 180), r.randint(2, 60), 30, r.randint(180, 366)])))
        due = self.but(due, most, most + timedelta(days=1), t, t - timedelta(days=1), t + timedelta(days=1),
                       months_after(t, g.p['REASON_MONTHS']), p=0.1)
        needs = due > months_after(t, g.p['REASON_MONTHS'])
        reason = self.but(bytes(32) if needs else r.choice([None, None, bytes(32)]), None)
        box = []
        self.do(g, 'ISSUE', core, None, [supplier, face, wire.day(due), reason, [list(x) for x in invoices]],
                lambda: box.append(g.issue(t, core, supplier, face, due, reason, invoices)),
                signers=[line[3]] if reason and line else [], made=lambda o: setattr(box[0], 'id', o), swap=False)
