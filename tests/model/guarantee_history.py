"""Random lives of guarantees: two programmes, a few contracts, from the application to the write-off; and what is refused."""
import struct
from datetime import timedelta

import model
import programme
import wire
from guarantee_model import BEFORE, ENDED, INDEX, REVERSIBLE, TABLE, Contract, E, L, Programme, S, tree_hash
from guarantee_list import FIRMS, Lists
from ledger import BANK, BANK2, CODES, GUAR, History, Refused, need
from model import PPM



class GuaranteeHistory(Lists, History):
    CONTRACT, PLUGIN = 1, 'guarantee'
    WARNS = True

    # -- setting --
    def parameters(self, tree, number):
        r = self.r
        big = lambda: r.choice([9 * 10**15] * 4 + [10**8, 10**10])
        p = {n.lower(): v for n, v in TABLE} | programme.parameters(r, tree)
        p.update({
            'class': r.choice([1, 1, 2]), 'settle': self.settle(number), 'batch': r.randint(0, 1), 'household_cap': big(),
            'min_bank_share': r.choice([0, 0, 0, 100000, 200000]), 'auto_limit': big(), 'auto_claim': big(),
            'file_later_days': r.choice([0, 0, 30]), 'dd_wd': r.choice([1, 10]), 'offer_wd': r.choice([2, 5]),
            'review_wd': r.choice([1, 10]), 'supply_wd': r.choice([1, 5]), 'silence': r.choice([1, 2]),
            'cost_limit': r.choice([9 * 10**15, 100]), 'pay_wd': r.choice([1, 5]), 'share_wd': r.choice([1, 20])})
        if p['cap_overflow'] == 'REJECT':
            p['silence'] = 1
        return p

    def plan(self, first):
        r, out, self.g = self.r, [], []
        net = (r.choice([10**10, 10**12, 10**13]), r.choice([1, 10]), r.choice([100000, 500000]), r.choice([0, 10**9]),
               r.choice([PPM, 750000, 333333])) if r.random() < 0.3 else (0, 10, 100000, 0, PPM)
        for i in range(r.choice([1, 1, 2])):
            tree = programme.tree(r)
            if r.random() < 0.15:
                tree = programme.insured(r, tree)
            p = self.parameters(tree, first + i)
            p['net_assets'], p['leverage'], p['concentration_ppm'], p['small_max'], p['small_ppm'] = net
            banks = r.choice([[BANK], [BANK, BANK2]])
            grades, tiers = self.w.register if r.random() < 0.9 else None, None
            if r.random() < (0.7 if grades else 0.1):
                tiers = programme.tiers(r, tree, p, grades)
            g = Programme(first + i, tree, banks, ['notice', 'contract'][:r.randint(0, 2)], p, tiers, grades)
            g.life = self
            blob = wire.programme(p, tree, INDEX, banks, g.evidence, tiers, grades.number if grades else 0)
            self.g.append(g)
            out.append((g.number, 1, f'G{g.number}', self.w.settlement, blob))
        self.all, self.numbers = [], {}
        self.begin_lists()
        return out

    # -- both sides --
    def flush(self, c, out):
        """The model's rows to the books; obligations by their numbers."""
        rows, warnings = out
        b = self.books
        b.programme = c.g.number
        for number, debtor, creditor, fen in c.made:
            self.numbers[c, number] = b.oblige(INDEX[debtor], INDEX[creditor], fen, lambda n=number: self.settled(c, n))
        c.made = []
        for m, label, dr, cr, fen, o in rows:
            b.post(INDEX[m], L[label], dr, cr, fen, None if o is None else self.numbers[c, o])
        b.warnings += warnings

    def settled(self, c, number):
        if number in c.firsts or number in c.shares:
            self.touch(c)
            self.flush(c, c.settled(number))

    def touch(self, c):
        """The contract changed: what came before can no longer be reversed."""
        c.undo = None

    def sys(self, outcomes):
        """3.0.5: by instant, then contract; a year's end falls in between."""
        self.lapse_lists()
        while True:
            due = [(d[0], c.id, d[1], d[2], c) for c in self.all for d in (c.deadlines(),) if d and d[0] <= self.today]
            if not due:
                break
            day, _, _, name, c = min(due)
            self.touch(c)
            self.flush(c, c.fire(day, name))
        for g in self.g:
            g.roll(self.today)

    def do(self, c, name, by, args, run):
        """by: names of the sender and the other signers."""
        by = list(by)
        r = self.r
        if self.style != 'legal' and r.random() < 0.1:
            k = r.random()
            if k < 0.7 and len(by) > 1:
                by.pop(r.randrange(1, len(by)))
            elif k < 0.8:
                by[0] = r.choice([x for x in ('BANK', 'BANK2', 'GUAR', 'REG', 'DEPT', 'CITY') if x not in by])
            else:
                by.append(r.choice([x for x in ('DEPT', 'PROV') if x not in by]))
        seq = None
        if self.style != 'legal' and r.random() < 0.01:
            seq = 9999
        can_undo = name in REVERSIBLE and r.random() < 0.4
        box = {}

        def go():
            need(seq is None, 9108)
            c.by = tuple(by)
            if name in REVERSIBLE and name != 'OVERDUE':
                frozen_ok = name == 'RECOVER'
                need(frozen_ok or not c.frozen, 9110)
            elif name in ('OVERDUE', 'CLAIM', 'APPROVE', 'REFUSE', 'DISPUTE', 'RESOLVE'):
                need(not c.frozen, 9110)
            kept, s = c.note() if can_undo else (None, c.g.s)
            try:
                out = run()
            except Refused:
                c.rows, c.warnings, c.made = [], [], []
                raise
            if name not in ('FREEZE', 'UNFREEZE', 'FLAG_SHIFT', 'REVERSE'):
                self.touch(c)
            if can_undo:
                box.update(rows=list(out[0]), made=list(c.made), kept=kept, s=c.g.s - s, year=self.today.year,
                           signers=tuple(c.required))
            self.flush(c, out)
        member, signers = INDEX[by[0]], [INDEX[x] for x in by[1:]]

        def booked(_):
            if can_undo:
                c.undo = dict(box, op=self.w.op_id)
        ok = self.act(name, E[name], c.g.number, member, c.id, args, signers, go, booked, seq)
        self.check(c)
        return ok

    def check(self, c):
        mine = (S[c.state], len(c.drawdowns), c.amount, c.drawn, c.principal, c.frozen, c.filed, c.escalated, c.tier)

        def then(got):
            v = got[0]
            amounts, flags = struct.unpack_from('<3q', v, 80), v[2]
            self.expect('guarantee: state drawdowns amount drawn principal frozen filed escalated tier', mine,
                        (v[1], v[3], *amounts, bool(flags & 128), bool(flags & 1), bool(flags & 4), v[130]))
        self.d.later(1, [c.id], then)

    def check_all(self):
        for c in self.all:
            self.check(c)
        self.check_lists()
        for g in self.g:
            v = self.d.record(1, b'guarantee/breaker'.ljust(30, b'\0') + g.number.to_bytes(2, 'big'))
            if v and int.from_bytes(v[4:8], 'little') == g.year == self.today.year:
                i = lambda at: int.from_bytes(v[at:at + 8], 'little')
                self.expect('breaker: state S used', (('NORMAL', 'WARN', 'STOPPED').index(g.state), g.s, g.used),
                            (v[0], i(8) | i(16) << 64, i(24)))

    # -- generator --
    def turns(self):
        return self.r.randint(20, 60)

    def turn(self):
        r = self.r
        if r.random() < 0.35:
            self.advance(r.choice([1, 1, 3, r.randint(1, 20), r.randint(1, 60)]))
        live = [c for c in self.all if c.state not in ENDED]
        if self.with_lists and r.random() < 0.2:
            return self.list_turn()
        if len(self.all) - self.listed < 4 and (not live or r.random() < 0.05):
            self.apply()
            if r.random() < 0.7:  # straight to the letter
                for _ in range(5):
                    c = self.all[-1] if self.all else None
                    if c is not None and c.state in ('APPLIED', 'DD', 'OFFERED'):
                        self.step(c)
            return
        for g in self.g:
            if g.state == 'STOPPED' and r.random() < 0.1:
                return self.reset(g)
        if self.w.owed and r.random() < 0.15:
            mine = [o for o in self.owed if o.programme in [g.number for g in self.g]]
            if mine:
                return self.pay(r.choice(mine))
        late = [c for c in live if c.state not in BEFORE]
        c = r.choice(late if late and r.random() < 0.7 else live) if live and r.random() < 0.97 else \
            r.choice(self.all) if self.all else None
        if c is not None:
            self.step(c)

    def apply(self):
        r = self.r
        g = r.choice(self.g)
        bank = r.choice(g.banks) if not self.chance(0.05) else r.choice([BANK, BANK2, GUAR])
        amount = r.choice([r.randint(10, 10**4), r.randint(10**6, 10**8), r.randint(10**9, 10**12)])
        borrower = r.choice([*FIRMS, bytes([1] * 32)])
        given = borrower if not self.chance(0.03) else FIRMS[0][:-1] + 'A'
        term = 365 if not self.chance(0.03) else g.p['term_max'] + 1
        box = []

        def go():
            g.open_breaker(self.today)
            need(given is borrower, 9105)
            need(term <= g.p['term_max'], 1108)
            need(bank in g.banks, 9102)
            box.append(Contract(g, CODES[bank], borrower, amount, self.today))

        def made(o):
            box[0].id = o
            self.all.append(box[0])
        if self.act('APPLY', E['APPLY'], g.number, bank, None, [given, amount, term, 'seed', None, bytes(32)], [], go, made):
            self.check(box[0])

    def reset(self, g):
        by = [*[CODES[b] for b in g.banks], g.p['guar']] + (['REG'] if g.p['reg'] else [])
        full = list(by)
        if self.chance(0.2):
            by.pop()

        def go():
            need(by == full, 9102)
            g.state = 'NORMAL'
        self.act('BREAKER_RESET', E['BREAKER_RESET'], g.number, INDEX[by[0]], None, ['why'], [INDEX[b] for b in by[1:]], go)

    def step(self, c):
        r, p = self.r, c.g.p
        k = r.random()
        guar, bank = c.guar, c.bank
        if k < 0.02 or c.frozen and r.random() < 0.3:
            who = 'AUD' if not self.chance(0.1) else r.choice(['AUD2', 'DEPT', 'BANK'])
            if c.frozen and r.random() < 0.9:
                return self.do(c, 'UNFREEZE', [who], ['why'], c.unfreeze)
            return self.do(c, 'FREEZE', [who], ['why'], c.freeze)
        if k < 0.03 and c.state in BEFORE + ('ACTIVE', 'OVERDUE', 'CLAIMED') or c.shifted and r.random() < 0.3:
            want = not c.shifted if not self.chance(0.1) else c.shifted
            return self.do(c, 'FLAG_SHIFT', ['AUD'], [int(want), 'why'], lambda: c.flag_shift(want))
        if c.undo is not None and r.random() < 0.3:
            return self.reverse(c)
        if self.chance(0.06):
            return self.any_event(c)
        if c.state == 'APPLIED':
            if r.random() < 0.05:
                return self.do(c, 'REJECT', [guar], ['why'], c.reject)
            return self.dd(c)
        if c.state == 'DD':
            return self.offer(c)
        if c.state == 'OFFERED':
            if not c.filed and c.g.filers and (not p['file_later_days'] or r.random() < 0.5) and not self.chance(0.1):
                return self.file(c)
            return self.issue(c)
        if c.state == 'ISSUED' and r.random() < 0.03:
            return self.do(c, 'CANCEL', [bank, guar], ['why'], c.cancel)
        if c.state in ('ISSUED', 'ACTIVE') and (not c.drawdowns or r.random() < 0.15) and len(c.drawdowns) < 6:
            return self.disburse(c)
        if c.state == 'ACTIVE':
            if c.g.filers and not c.filed and r.random() < 0.2:
                return self.file(c)
            return r.choice([self.repay] * 6 + [self.extend, self.go_overdue, self.go_overdue])(c)
        if c.state == 'OVERDUE':
            if c.refused:
                return r.choice([self.dispute if c.disputed is None else self.resolve, self.claim])(c)
            return r.choice([self.repay, self.cure] + [self.claim] * 4)(c)
        if c.state == 'CLAIMED':
            other = self.dispute if c.disputed is None else self.resolve
            return r.choice([self.approve] * 5 + [self.query] * 2 + [self.refuse, other])(c)
        if c.disputed is not None and r.random() < 0.3:
            return self.resolve(c)
        if c.state in ('CLAIM_APPROVED', 'COMPENSATED', 'RECOVERING', 'WRITTEN_OFF'):
            mine = [o for o in self.owed if o.programme == c.g.number]
            if mine and c.state in ('CLAIM_APPROVED', 'COMPENSATED') and r.random() < 0.7:
                return self.pay(r.choice(mine))
            return self.write_off(c) if r.random() < 0.25 else self.recover(c)

    def any_event(self, c):
        r = self.r
        name = r.choice(['dd', 'offer', 'file', 'issue', 'disburse', 'repay', 'extend', 'go_overdue', 'cure', 'claim', 'query',
                         'supply', 'refuse', 'approve', 'recover', 'release'])
        if name in ('repay', 'extend') and not c.drawdowns or name == 'recover' and not hasattr(c, 'borne'):
            return self.do(c, 'RELEASE', [c.bank], [], c.release_by_bank)
        if name == 'release':
            return self.do(c, 'RELEASE', [c.bank], [], c.release_by_bank)
        getattr(self, name)(c)

    def dd(self, c):
        by = [c.bank] + ([] if c.g.p['batch'] else [c.guar])
        self.do(c, 'DD_DONE', by, [bytes(32), None if c.g.p['batch'] else bytes(32), None], lambda: c.dd_done(self.today))

    def offer(self, c):
        r, t = self.r, self.today
        amount = c.amount if r.random() < 0.7 else r.randint(1, c.amount)
        amount += self.chance(0.05)
        if c.g.tiers and r.random() < 0.2:
            most = r.choice(c.g.tiers)[0] + r.randint(0, 1)
            amount = most if 1 <= most <= c.amount else amount
        if r.random() < 0.5 and c.g.tiers is None and c.fits(c.amount, self.all):
            amount = self.limit(c) + self.chance(0.5)
        mine = tree_hash(c.g.tier_tree(c.g.tier(amount, c.borrower, t)))
        tree = r.choice([None, mine]) if not self.chance(0.03) else bytes(32)
        high = amount > c.g.p['auto_limit'] and c.reg
        self.do(c, 'OFFER', [c.guar] + (['REG'] if high else []), [amount, None, tree],
                lambda: c.offer(t, amount, None, tree, self.all))

    def limit(self, c):
        """The most that the limits allow, to the fen."""
        low, high = 1, c.amount
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (low, middle - 1) if c.fits(middle, self.all) else (middle, high)
        return low

    def file(self, c):
        by = c.g.filers or ['REG']
        self.do(c, 'FILE_RE', by, [bytes(32)], lambda: c.file_re(self.today))

    def issue(self, c):
        valid = self.today + timedelta(days=self.r.randint(5, 60) if not self.chance(0.03) else -1)
        by = [c.guar, c.bank] + [f for f in c.g.fiscal if f not in (c.guar, c.bank)]
        self.do(c, 'ISSUE', by, [bytes(32), wire.day(valid)], lambda: c.issue(self.today, valid))

    def disburse(self, c):
        r, t = self.r, self.today
        left = max(1, c.amount - c.drawn)
        a = r.choice([left, r.randint(1, left), r.randint(1, left)]) if not self.chance(0.08) else left + 1
        vd = t - timedelta(days=r.choice([0, 0, 0, 1, 9]) if not self.chance(0.05) else -1)
        m = vd + timedelta(days=r.choice([r.randint(1, 400), 30, 365, 90]) if not self.chance(0.05) else r.choice([0, 1097]))
        rate = r.choice([0, 43500, r.randint(1, 150000)]) if not self.chance(0.05) else r.randint(150000, 200000)
        n = len(c.drawdowns) + 1 if not self.chance(0.05) else 1
        self.do(c, 'DISBURSE', [c.bank], [n, a, wire.day(vd), wire.day(m), rate], lambda: c.disburse(t, n, a, vd, m, rate))

    def repay(self, c):
        r, t = self.r, self.today
        owing = [d for d in c.drawdowns if d.balance or d.due] or c.drawdowns
        d = r.choice(owing if r.random() < 0.9 else c.drawdowns)
        vd = t - timedelta(days=r.choice([0, 0, 0, 1, 3, 12]) if not self.chance(0.04) else -1)
        if self.style == 'legal':
            vd = max(vd, d.settled) if d.settled <= t else t
        running = 0
        if c.state == 'ACTIVE' and vd >= d.settled:
            running = model.interest(d.fen_days(vd), d.rate, c.g.p['loan_basis'])
        whole = d.balance + d.due + running
        kind, part = r.random(), None
        if kind < 0.3:
            amount, part = whole, r.choice([None, d.due + running])
        elif kind < 0.5:
            amount = d.due
        elif kind < 0.9 or not self.chance(1):
            amount = d.due + r.randint(0, max(0, d.balance - 1))
            part = r.choice([None, d.due])
        else:
            amount, part = r.randint(1, max(1, whole)), r.choice([None, 0, d.due + 1])
        if amount == 0:
            return
        n, early = d.number, r.random() < 0.4 and c.state == 'ACTIVE'
        self.do(c, 'PREPAY' if early else 'REPAY', [c.bank], [n, wire.day(vd), amount, part],
                lambda: c.repay(t, n, vd, amount, part, early))

    def extend(self, c):
        r = self.r
        d = r.choice(c.drawdowns)
        days = r.choice([1, 30, r.randint(1, 200)]) if not self.chance(0.1) else r.choice([0, 600])
        n, m = d.number, d.maturity + timedelta(days=days)
        by = [c.bank, c.guar] + (['REG'] if c.reg else [])
        self.do(c, 'EXTEND', by, [n, wire.day(m)], lambda: c.extend(self.today, n, m))

    def go_overdue(self, c):
        r, t = self.r, self.today
        day = t - timedelta(days=r.choice([0, 0, 1, 8]))
        settled = [d.settled for d in c.drawdowns if d.balance]
        if self.style == 'legal' and settled:
            day = max([day] + settled)
        principal, owed = c.principal, c.owed_on(day) + self.chance(0.1)
        if principal == 0:
            return
        self.do(c, 'OVERDUE', [c.bank], [wire.day(day), principal, owed], lambda: c.report_overdue(t, day, principal, owed))

    def cure(self, c):
        r, t = self.r, self.today
        vd = t - timedelta(days=r.choice([0, 0, 1, 5]) if not self.chance(0.1) else -1)
        if self.style == 'legal' and c.overdue:
            vd = max(vd, c.overdue)
        amount = c.interest_due + self.chance(0.1)
        self.do(c, 'CURE', [c.bank], [wire.day(vd), amount], lambda: c.cure(t, vd, amount))

    def claim(self, c):
        t = self.today
        if c.principal == 0:
            return
        plain = c.state == 'OVERDUE' and c.disputed is None
        principal = c.principal + (self.chance(0.08) if plain else 0)
        evidence = len(c.g.evidence) if not (plain and self.chance(0.05)) else max(0, len(c.g.evidence) - 1)
        shifted = 1 if plain and self.chance(0.05) else None
        owed = c.interest_due
        self.do(c, 'CLAIM', [c.bank], [principal, owed, [bytes(32)] * evidence, shifted],
                lambda: c.claim(t, principal, owed, evidence, shifted))

    def query(self, c):
        if c.query and not self.chance(0.1):
            return self.supply(c)
        self.do(c, 'QUERY', [c.guar], [bytes(32)], lambda: c.ask(self.today))

    def supply(self, c):
        self.do(c, 'SUPPLY', [c.bank], [bytes(32)], lambda: c.answer(self.today))

    def refuse(self, c):
        self.do(c, 'REFUSE', [c.guar], [1, '4.2'], lambda: c.refuse(self.today))

    def dispute(self, c):
        r = self.r
        amount = r.choice([r.randint(1, max(1, c.total - 1)), 1])
        amount = c.total + r.randint(0, 1) if self.chance(0.15) else amount
        by = c.guar if c.state == 'CLAIMED' and r.random() < 0.4 else c.bank
        if amount > 0:
            self.do(c, 'DISPUTE', [by], [amount, bytes(32)], lambda: c.dispute(amount, c.by[0]))

    def high(self, c, fen):
        return [x for x in (c.reg, c.nfgf) if x] if fen > c.g.p['auto_claim'] else []

    def resolve(self, c):
        r = self.r
        most = c.disputed or 0
        upheld = r.choice([0, most, r.randint(0, most)]) if not self.chance(0.1) else most + 1
        late = c.state not in ('OVERDUE', 'CLAIMED') and upheld > 0
        by = [c.bank, c.guar] + (self.high(c, getattr(c, 'approved', 0) + upheld) if late else [])
        self.do(c, 'RESOLVE', by, [upheld, bytes(32)], lambda: c.resolve(self.today, upheld))

    def approve(self, c):
        t = max(0, getattr(c, 'total', 1) - (c.disputed or 0))
        if not c.shifted:
            t += self.chance(0.08)
        self.do(c, 'APPROVE', [c.guar] + self.high(c, t), [t], lambda: c.approve(self.today, t))

    def recover(self, c):
        r = self.r
        left = max(1, sum(c.borne) - c.net)
        gross = r.choice([r.randint(1, 30), r.randint(1, left), left + r.randint(0, 1000)])
        limit = c.g.p['cost_limit']
        cost = r.choice([0, r.randint(0, 40), r.randint(0, gross), min(limit, gross) + r.randint(0, 1)])
        collector = c.g.p['collector'] or c.guar
        by = [collector] + ([x for x in (c.guar, c.bank) if x != collector] if cost > limit else [])
        self.do(c, 'RECOVER', by, [gross, cost, 'ref'], lambda: c.recover(gross, cost))

    def write_off(self, c):
        who = self.r.choice(c.parties) if hasattr(c, 'parties') else c.bank
        self.do(c, 'WRITE_OFF', [who], [bytes(32)], lambda: c.write_off(c.by[0]))

    def reverse(self, c):
        u = c.undo
        op = u['op'] if not self.chance(0.1) else '00' * 32
        opposite = self.r.choice([None, 1])
        owed = {n: self.numbers[c, n] for n, *_ in u['made']}
        self.do(c, 'REVERSE', u['signers'], [bytes.fromhex(op), 1, opposite], lambda: c.reverse(self.today, op, opposite, owed))
