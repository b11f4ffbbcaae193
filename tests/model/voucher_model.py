"""Product (d), receivable vouchers, from domain.md 3.0, 3.4 and 3.7 (and E15); and its random histories."""
import hashlib
import os
from datetime import date, timedelta

import wire
from ledger import AUD, BANK, BANK2, CODES, CORE, CORE2, S1, S2, S3, History, Refused, defines, params, slots
from model import PPM, half_up

HEADER = os.path.join(os.path.dirname(__file__), '../../include/zyd/voucher.h')
E, S, L = (defines(HEADER, 'ZYD_VOUCHER_' + t) for t in ('EVENTS', 'STATES', 'LABELS'))
TABLE = params(HEADER, 'ZYD_VOUCHER_PARAMS')
SPENDABLE = {'ACTIVE': None, 'SPENT': 4005, 'FINANCED': 4005, 'PLEDGED': 4005}


def need(ok, code):
    if not ok:
        raise Refused(code)


def months_after(d, n):
    """n calendar months later; the last day of the month where there is no such day."""
    y, m = divmod(d.year * 12 + d.month - 1 + n, 12)
    for day in (d.day, 30, 29, 28):
        try:
            return date(y, m + 1, day)
        except ValueError:
            pass


class Voucher:
    def __init__(self, core, holder, face, due, number, depth):
        self.core, self.holder, self.face, self.due, self.number, self.depth = core, holder, face, due, number, depth
        self.state, self.unearned, self.frozen, self.id, self.pledgee = 'ACTIVE', 0, False, None, None

    @property
    def v(self):
        return f'.V{self.number}'


class Books4:
    """One programme."""
    def __init__(self, books, p):
        self.b, self.p = books, p
        self.lines, self.invoices, self.vouchers, self.registrations = {}, {}, [], set()
        self.serial = 0

    def line(self, core, limit, until):
        old = self.lines.get(core, (0, None, 0))
        self.lines[core] = [limit, until, old[2]]

    def issue(self, today, core, supplier, face, due, reason, invoices):
        need(today < due <= months_after(today, self.p['TERM_MONTHS']), 4001)
        need(reason is not None or due <= months_after(today, self.p['REASON_MONTHS']), 4001)
        left, todo = [], face
        for i, amount in invoices:
            known = self.invoices.get(i, [core, supplier, amount, amount])
            need(known[:3] == [core, supplier, amount] and known[3] > 0, 4003)
            need(todo > 0, 9104)  # decision: an invoice that the face does not need is not listed
            left.append(known[3])
            todo -= min(todo, known[3])
        need(todo == 0, 4003)
        need(supplier != core, 4004)
        line = self.lines.get(core)
        need(line is not None and today <= line[1] and line[2] + face <= line[0], 4002)
        line[2] += face
        self.serial += 1
        v = Voucher(core, supplier, face, due, self.serial, 0)
        v.state, v.until, v.used = 'OFFERED', today + timedelta(days=self.p['OFFER_DAYS']), []
        todo = face
        for (i, amount), there in zip(invoices, left):
            take = min(todo, there)
            self.invoices[i] = [core, supplier, amount, there - take]
            v.used.append((i, take))
            todo -= take
        self.vouchers.append(v)
        return v

    def accept(self, v):
        need(not v.frozen, 9110)
        need(v.state == 'OFFERED', 9111)
        v.state = 'ACTIVE'
        self.b.post(v.core, L['ISSUE'], '2001.' + CODES[v.holder], '2161' + v.v, v.face)
        self.b.post(v.holder, L['ISSUE'], '1161' + v.v, '1122.' + CODES[v.core], v.face)

    def cancel(self, v, sys=False):
        need(sys or not v.frozen, 9110)
        need(v.state == 'OFFERED', 9111)
        v.state = 'CANCELLED'
        self.lines[v.core][2] -= v.face
        for i, take in v.used:
            self.invoices[i][3] += take

    def spendable(self, v):
        need(not v.frozen, 9110)
        if v.state in SPENDABLE:
            need(v.state == 'ACTIVE', 4005)
        need(v.state == 'ACTIVE', 9111)

    def child(self, v, index, holder, face, number, depth):
        c = Voucher(v.core, holder, face, v.due, number, depth)
        c.id = hashlib.sha256(b'zyd/voucher/child' + bytes.fromhex(v.id) + index.to_bytes(2, 'big')).hexdigest()
        self.vouchers.append(c)

    def split(self, v, faces):
        self.spendable(v)
        need(sum(faces) == v.face and min(faces) >= 1, 4006)
        need(v.depth + 1 <= self.p['DEPTH_MAX'], 4007)
        v.state = 'SPENT'
        for i, face in enumerate(faces):
            self.serial += 1
            self.child(v, i, v.holder, face, self.serial, v.depth + 1)
            self.b.post(v.holder, L['SPLIT'], f'1161.V{self.serial}', '1161' + v.v, face)
            self.b.post(v.core, L['SPLIT'], '2161' + v.v, f'2161.V{self.serial}', face)

    def transfer(self, v, payee):
        self.spendable(v)
        need(payee not in (v.core, v.holder), 4008)
        v.state = 'SPENT'
        self.child(v, 0, payee, v.face, v.number, v.depth)
        self.b.post(v.holder, L['TRANSFER'], '2001.' + CODES[payee], '1161' + v.v, v.face)
        self.b.post(payee, L['TRANSFER'], '1161' + v.v, '1122.' + CODES[v.holder], v.face)

    def cost(self, today, v, rate):
        return half_up(v.face * (v.due - today).days * rate, PPM * self.p['BASIS'])

    def discount(self, today, v, bank, rate, registration):
        self.spendable(v)
        need(registration is not None and registration not in self.registrations, 4009)
        interest = self.cost(today, v, rate)
        self.registrations.add(registration)
        seller, v.holder, v.state, v.unearned = v.holder, bank, 'FINANCED', interest
        d = L['DISCOUNT']
        self.b.post(bank, d, '1171' + v.v, '2101.' + CODES[seller], v.face - interest)
        self.b.post(bank, d, '1171' + v.v, '2152' + v.v, interest)
        self.b.post(seller, d, '1002.' + CODES[bank], '1161' + v.v, v.face - interest)
        self.b.post(seller, d, '5041', '1161' + v.v, interest)

    def pledge(self, v, bank, registration):
        self.spendable(v)
        need(registration is not None and registration not in self.registrations, 4009)
        self.registrations.add(registration)
        v.state, v.pledgee = 'PLEDGED', bank
        self.b.post(bank, L['PLEDGE'], '9001' + v.v, '9002' + v.v, v.face)

    def unpledge(self, v):
        need(v.state == 'PLEDGED', 9111)
        v.state = 'ACTIVE'
        self.b.post(v.pledgee, L['UNPLEDGE'], '9002' + v.v, '9001' + v.v, v.face)
        v.pledgee = None

    def owe(self, v, fen, label):
        def settled():
            v.state = 'PAID'
            if v.pledgee is not None:  # decision: the memo goes with the payment
                self.b.post(v.pledgee, L['UNPLEDGE'], '9002' + v.v, '9001' + v.v, v.face)
            self.lines[v.core][2] -= v.face
        held = '1171' if v.unearned or v.holder in (BANK, BANK2) else '1161'
        o = self.b.oblige(v.core, v.holder, fen, settled)
        self.b.post(v.core, label, '2161' + v.v, '2141.' + CODES[v.holder], fen, o)
        self.b.post(v.holder, label, '1141.' + CODES[v.core], held + v.v, fen, o)
        return held

    def mature(self, v):
        v.state = 'MATURED'
        self.owe(v, v.face, L['MATURITY'])
        self.b.post(v.holder, L['MATURITY'], '2152' + v.v, '4011', v.unearned)
        v.unearned = 0

    def freeze(self, v, want):
        need(v.frozen != want, 9111)
        v.frozen = want

    def prepay(self, v, discount):
        need(not v.frozen, 9110)
        need(v.state == 'ACTIVE', 9111)
        need(discount < v.face, 9104)
        v.state = 'MATURED'
        self.owe(v, v.face - discount, L['PREPAY'])
        self.b.post(v.core, L['PREPAY'], '2161' + v.v, '4011', discount)
        self.b.post(v.holder, L['PREPAY'], '5041', '1161' + v.v, discount)


class VoucherHistory(History):
    CONTRACT, PLUGIN = 4, 'voucher'

    def plan(self, first):
        r = self.r
        p = dict(TABLE, SETTLE=1, DEPTH_MAX=r.choice([0, 1, 2, 5]), BASIS=r.choice([360, 365]), OFFER_DAYS=r.choice([1, 10]),
                 TERM_MONTHS=r.choice([12, 12, 3]), REASON_MONTHS=r.choice([6, 0, 12]))
        self.number = first
        self.m = Books4(self.books, p)
        return [(first, 4, f'V{first}', 0, wire.pack([slots(TABLE, p)]))]

    def open(self):
        for core in (CORE, CORE2):
            if self.r.random() < 0.9:
                self.line(core)

    def turns(self):
        return self.r.randint(10, 50)

    def turn(self):
        r = self.r
        if r.random() < 0.3:
            self.advance(r.choice([1, 1, 2, r.randint(1, 60)]))
        self.step()

    def leaving(self):
        """Nothing is in default: what matured is paid first."""
        for o in self.owed:
            if o.programme == self.number:
                self.pay(o)

    def stop(self, to):
        return min((v.due for v in self.m.vouchers if self.today < v.due <= to), default=None)

    def do(self, name, member, obj, args, run, signers=(), made=None):
        ok = self.act(name, E[name], self.number, member, obj, args, [s for s in signers if s != member], run, made)
        for v in self.m.vouchers:
            rec = self.d.record(4, v.id)
            if not rec:
                self.expect('record of ' + v.v, 'there', 'none')
            num = lambda at, n: int.from_bytes(rec[at:at + n], 'little')
            self.expect(f'voucher {v.number}: state holder number face unearned',
                        (S[v.state], v.holder, v.number, v.face, v.unearned),
                        (rec[1], num(8, 2), num(16, 4), num(48, 8), num(56, 8)))
        return ok

    def sys(self, outcomes):
        self.books.programme = self.number
        for v in self.m.vouchers:
            if v.state == 'OFFERED' and self.today > v.until:
                self.m.cancel(v, True)
            if v.state in ('ACTIVE', 'FINANCED', 'PLEDGED') and self.today >= v.due:
                self.m.mature(v)

    def line(self, core):
        r = self.r
        limit, until = r.choice([10**12, r.randint(1, 10**9)]), self.today + timedelta(days=r.choice([5, 400, 4000]))
        self.do('LINE', BANK, None, [core, limit, wire.day(until)], lambda: self.m.line(core, limit, until))

    def step(self):
        r, m, t = self.r, self.m, self.today
        live = [v for v in m.vouchers if v.state in ('OFFERED', 'ACTIVE', 'FINANCED', 'PLEDGED')]
        k = r.random()
        if k < 0.05 and not m.lines:
            return self.line(CORE)
        if k < 0.25 or not live:
            return self.issue()
        if self.owed and k < 0.4:
            return self.pay(r.choice(self.owed))
        v = r.choice(live if r.random() < 0.85 else m.vouchers)
        if v.state == 'ACTIVE' and (r.random() < 0.03 or v.frozen and r.random() < 0.5):
            want = not v.frozen
            self.do('FREEZE' if want else 'UNFREEZE', AUD, v.id, [bytes(32)] if want else [], lambda: m.freeze(v, want))
            return
        if v.state == 'OFFERED':
            name = r.choice(['ACCEPT'] * 8 + ['CANCEL'])
        elif v.state == 'PLEDGED':
            name = r.choice(['UNPLEDGE', 'UNPLEDGE', 'SPLIT', 'DISCOUNT'])
        elif v.state in ('FINANCED', 'SPENT'):
            name = r.choice(['SPLIT', 'TRANSFER', 'DISCOUNT', 'PLEDGE'])
        elif v.state == 'ACTIVE':
            name = r.choice(['SPLIT', 'SPLIT', 'TRANSFER', 'TRANSFER', 'DISCOUNT', 'PLEDGE', 'PREPAY', 'ACCEPT'])
        else:
            name = r.choice(['ACCEPT', 'CANCEL'])
        self.event(v, name)

    def event(self, v, name):
        r, m, t = self.r, self.m, self.today
        if name == 'ACCEPT':
            self.do(name, v.holder, v.id, [], lambda: m.accept(v))
        elif name == 'CANCEL':
            self.do(name, v.core, v.id, [], lambda: m.cancel(v))
        elif name == 'SPLIT':
            if v.face < 10:
                return
            cuts = sorted(r.sample(range(1, v.face), r.randint(1, min(8, v.face - 1))))
            faces = [b - a for a, b in zip([0] + cuts, cuts + [v.face])]
            if r.random() < 0.1:
                faces[0] += 1
            self.do(name, v.holder, v.id, [faces], lambda: m.split(v, faces))
        elif name == 'TRANSFER':
            payee = r.choice([S1, S2, S3, S1, S2, S3, v.core])
            if payee != v.holder:
                self.do(name, v.holder, v.id, [payee, bytes(32), r.randint(0, 1)], lambda: m.transfer(v, payee), signers=[payee])
        elif name == 'DISCOUNT':
            bank, rate = r.choice([x for x in (BANK, BANK2) if x != v.holder]), r.choice([36500, r.randint(1, 240000)])
            reg = r.choice([None] + [f'ZDW{r.randint(1, 30)}'] * 6)
            cost = m.cost(min(t, v.due), v, rate)
            self.do(name, v.holder, v.id, [bank, rate, reg, cost, r.randint(0, 1)], lambda: m.discount(t, v, bank, rate, reg),
                    signers=[bank])
        elif name == 'PLEDGE':
            bank, reg = r.choice([x for x in (BANK, BANK2) if x != v.holder]), r.choice([None] + [f'ZDW{r.randint(1, 30)}'] * 6)
            self.do(name, v.holder, v.id, [bank, reg], lambda: m.pledge(v, bank, reg), signers=[bank])
        elif name == 'UNPLEDGE':
            self.do(name, v.pledgee, v.id, [], lambda: m.unpledge(v))
        elif name == 'PREPAY':
            fen = r.choice([0, r.randint(0, v.face // 2)])
            self.do(name, v.core, v.id, [fen], lambda: m.prepay(v, fen), signers=[v.holder])

    def issue(self):
        r, t = self.r, self.today
        core = r.choice([CORE, CORE, CORE2])
        supplier = r.choice([S1, S2, S3] * 6 + [core])
        ids = sorted(bytes([r.randint(1, 200)]) * 32 for _ in range(r.randint(1, 4)))
        ids = sorted(set(ids))
        invoices = []
        for i in ids:
            known = self.m.invoices.get(i)
            if known and known[:2] != [core, supplier] and r.random() < 0.9:
                continue
            invoices.append((i, known[2] if known else r.choice([r.randint(20, 10**5), r.randint(10**6, 10**9)])))
        if not invoices:
            return
        if r.random() < 0.9:
            invoices = [x for x in invoices if self.m.invoices.get(x[0], [0, 0, 0, 1])[3] > 0] or invoices
        whole = sum(self.m.invoices.get(i, [0, 0, 0, a])[3] for i, a in invoices)
        face = r.choice([whole, whole, whole - r.randint(0, invoices[-1][1] - 1), whole - r.randint(0, invoices[-1][1] - 1), whole + 1])
        face = max(1, face)
        due = t + timedelta(days=r.choice([r.randint(1, 180), r.randint(12, 60), 30, 90, r.randint(180, 400)]))
        reason = r.choice([None, bytes(32)])
        if due <= t + timedelta(days=self.m.p['OFFER_DAYS']):
            due = t + timedelta(days=self.m.p['OFFER_DAYS'] + 1)
        box = []
        self.do('ISSUE', core, None, [supplier, face, wire.day(due), reason, [list(x) for x in invoices]],
                lambda: box.append(self.m.issue(t, core, supplier, face, due, reason, invoices)), signers=[BANK] if reason else [],
                made=lambda o: setattr(box[0], 'id', o))
