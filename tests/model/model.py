"""The arithmetic and the life of a guarantee contract, written from domain.md 3.0, 3.1 and 3.7 alone (never from the C).

Plain Python integers; no rounding but floor division.  Amounts are fen, rates are ppm, dates are datetime.date.
"""
from datetime import date, timedelta

PPM = 1_000_000
YEAR_PPM2 = 365 * 10**12
MAX_AMT = 9_000_000_000_000_000


class Refused(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


def half_up(n, d):
    """3.0.2; 3.0.1: every n must stay below 2^126."""
    if n >= 2**126:
        raise Refused(9104)
    v = (2 * n + d) // (2 * d)
    if v > MAX_AMT:
        raise Refused(9104)
    return v


def alloc(total, weights, paid):
    """3.0.3; returns the increments and leaves the new totals in paid."""
    whole = sum(weights)
    if whole == 0:
        raise Refused(9103)
    if total < sum(paid):
        raise Refused(9104)
    q = [total * w // whole for w in weights]
    r = [total * w % whole for w in weights]
    k = total - sum(q)
    target = list(q)
    for i in sorted(range(len(weights)), key=lambda i: (-r[i], i))[:k]:
        target[i] += 1
    inc = [t - p for t, p in zip(target, paid)]
    for i in range(len(inc)):
        while inc[i] < 0:
            j = min((j for j in range(len(inc)) if inc[j] > 0), key=lambda j: (r[j], -j))
            move = min(-inc[i], inc[j])  # j stays the same until it has nothing more
            inc[i] += move
            inc[j] -= move
    for i, v in enumerate(inc):
        paid[i] += v
    return inc


def interest(fen_days, rate, basis):
    return half_up(fen_days * rate, PPM * basis)


def fee(amount, rate, days, basis):
    return half_up(amount * rate * days, PPM * basis)


def next_settlement(after, day, months):
    """Ruling 5: the first settlement date later than `after`; months are 1..12."""
    y, m = after.year, after.month
    if after.day >= day:
        y, m = y + m // 12, m % 12 + 1
    while m not in months:
        y, m = y + m // 12, m % 12 + 1
    return date(y, m, day)  # day is 28 at most


def add_workdays(d, count):
    while count > 0:
        d += timedelta(days=1)
        if d.weekday() < 5:
            count -= 1
    return d


def leaves(children):
    """Depth-first names of a list of (name, ppm, children)."""
    out = []
    for name, _, below in children:
        out += leaves(below) if below else [name]
    return out


def split(children, total):
    """ALLOC at each node without memory: amounts of the leaves, depth first."""
    parts = alloc(total, [c[1] for c in children], [0] * len(children))
    out = []
    for (_, _, below), part in zip(children, parts):
        out += split(below, part) if below else [part]
    return out


def split_more(children, total, memory, path=()):
    """ALLOC at each node with its own memory (3.0.3): increments of the leaves, depth first."""
    paid = memory.setdefault(path, [0] * len(children))
    inc = alloc(total, [c[1] for c in children], paid)
    out = []
    for i, (_, _, below) in enumerate(children):
        out += split_more(below, paid[i], memory, path + (i,)) if below else [inc[i]]
    return out


def split_tree(tree, total):
    """tree = [bank node, rest node]: the bank's part and the leaves of the rest."""
    bank, rest = alloc(total, [tree[0][1], tree[1][1]], [0, 0])
    return bank, split(tree[1][2], rest) if tree[1][2] else [rest]


def rest_leaves(tree):
    return leaves(tree[1][2]) if tree[1][2] else [tree[1][0]]


def path_share(tree, name):
    """(numerator, denominator) of the shares along the path to a leaf of the rest."""
    def walk(children, num, den):
        for n, ppm, below in children:
            if below:
                found = walk(below, num * ppm, den * PPM)
                if found:
                    return found
            elif n == name:
                return num * ppm, den * PPM
        return None
    return walk([tree[1]], 1, 1)


def cap(fen_days, rest_ppm, cap_ppm):
    return fen_days * rest_ppm * cap_ppm // YEAR_PPM2


class Drawdown:
    def __init__(self, number, amount, value_date, maturity, rate):
        self.number, self.principal, self.balance = number, amount, amount
        self.value_date, self.maturity, self.rate = value_date, maturity, rate
        self.settled = value_date
        self.due = 0          # booked and unpaid interest
        self.unearned = 0
        self.first_maturity = maturity
        self.segments = [(amount, value_date, maturity)]  # what guarantee fees were charged on
        self.history = []     # (value date, principal repaid) since the last settlement

    def fen_days(self, until):
        """Sum over the days since `settled` of the balance at the start of each day: what is still owed until `until`, what
        was repaid until its own value date; maturity at most."""
        until = min(until, self.maturity)
        total, days = 0, (until - self.settled).days
        if days > 0:
            total = self.balance * days
        for d, amount in self.history:
            total += amount * max(0, (min(d, self.maturity) - self.settled).days)
        return total


class Programme:
    """Parameters, and the cap's account of the calendar year."""
    def __init__(self, tree, **p):
        self.tree, self.p = tree, p
        self.year, self.s, self.used, self.state = None, 0, 0, 'NORMAL'

    def roll(self, today):
        if self.year != today.year:
            if self.year is not None and self.p['auto_reset']:
                self.state = 'NORMAL'
            self.year, self.s, self.used = today.year, 0, 0

    def room(self):
        if self.p['cap_ppm'] == 0:
            return MAX_AMT
        return max(0, cap(self.s, self.tree[1][1], self.p['cap_ppm']) - self.used)

    def reached(self, ppm):
        return ppm != 0 and self.used * YEAR_PPM2 >= ppm * self.s * self.tree[1][1]


class Contract:
    """From ISSUED on.  Every event returns (postings, warnings); a posting is (member, label, dr, cr, fen, obligation), the
    obligation a running number or None.  The zero legs of ruling 1 are left out by `post`."""

    def __init__(self, programme, bank, guar, reg, nfgf, borrower, amount, issued, valid_until):
        self.g, self.bank, self.guar, self.reg, self.nfgf = programme, bank, guar, reg, nfgf
        self.tree = programme.tree
        self.amount, self.issued, self.valid_until = amount, issued, valid_until
        self.borr = borrower
        self.state, self.drawn, self.drawdowns = 'ISSUED', 0, []
        self.overdue = None
        self.late = False
        self.disputed, self.refused = None, False
        self.obligations = 0   # numbers given so far, set by the caller between contracts
        self.rows, self.warnings, self.made = [], [], []

    # -- helpers --
    def post(self, member, label, dr, cr, fen, obligation=None):
        if fen:
            self.rows.append((member, label, dr, cr, fen, obligation))

    def oblige(self, debtor, creditor, fen):
        self.made.append((self.obligations, debtor, creditor, fen))
        self.obligations += 1
        return self.obligations - 1

    def signed(self, *who):
        """Called by each event between its preconditions and its writes, with who must sign; None: nobody."""

    def transfer(self, debtor, dr, creditor, cr, fen, label):
        if fen and debtor != creditor:
            o = self.oblige(debtor, creditor, fen)
            self.post(debtor, label, dr, '2141.' + creditor, fen, o)
            self.post(creditor, label, '1141.' + debtor, cr, fen, o)

    @property
    def principal(self):
        return sum(d.balance for d in self.drawdowns)

    @property
    def interest_due(self):
        return sum(d.due for d in self.drawdowns)

    def memo(self, before, after, label):
        old, new = split_tree(self.tree, before)[1], split_tree(self.tree, after)[1]
        for name, a, b in zip(rest_leaves(self.tree), old, new):
            if b > a:
                self.post(name, label, '9001', '9002', b - a)
            elif a > b:
                self.post(name, label, '9002', '9001', a - b)

    def earn(self, drawdowns):
        self.post(self.guar, 'FEE_EARN', '2151', '4021', sum(d.unearned for d in drawdowns))
        for d in drawdowns:
            d.unearned = 0

    def take(self):
        rows, warnings = self.rows, self.warnings
        self.rows, self.warnings = [], []
        return rows, warnings

    def find(self, number):
        for d in self.drawdowns:
            if d.number == number:
                return d
        raise Refused(9104)

    # -- deadlines --
    def settlement_of(self, d):
        if d.balance == 0 or d.settled >= d.maturity:
            return None
        return min(next_settlement(d.settled, self.g.p['settle_day'], self.g.p['settle_months']), d.maturity)

    def first_maturity(self):
        return min((d.maturity for d in self.drawdowns if d.balance), default=None)

    def due(self):
        """Dates of INT_SETTLE, OVERDUE, RELEASE; None where there is none."""
        settle = overdue = release = None
        if self.state == 'ACTIVE':
            settle = min((s for s in map(self.settlement_of, self.drawdowns) if s), default=None)
            m = self.first_maturity()
            overdue = m + timedelta(days=self.g.p['grace'] + 1) if m else None
        if self.state == 'OVERDUE' and self.disputed is None:
            release = self.overdue + timedelta(days=self.g.p['claim_close_days'] + 1)
        return settle, overdue, release

    def charge(self, d, amount, days):
        """E3 and ruling 3: at DISBURSE and at EXTEND."""
        p = self.g.p
        v = fee(amount, p['fee_ppm'], days, p['fee_basis'])
        d.unearned += v
        self.post(self.guar, 'FEE_CHARGE', '1121', '2151', v)
        self.transfer(self.bank, '2101.' + self.borr, self.guar, '1121', v, 'FEE_COLLECT')
        parts = {}
        for who, rate_name in ((self.reg, 'refee_reg_ppm'), (self.nfgf, 'refee_nfgf_ppm')):
            share = path_share(self.tree, who) if who else None
            parts[who] = 0 if not share else half_up(amount * share[0] * p[rate_name] * days, share[1] * PPM * p['fee_basis'])
        if self.reg and path_share(self.tree, self.reg):
            self.transfer(self.guar, '5021', self.reg, '4021', parts[self.reg] + parts.get(self.nfgf, 0), 'REFEE')
            if self.nfgf:
                self.transfer(self.reg, '5021', self.nfgf, '4021', parts[self.nfgf], 'REFEE')
        elif self.nfgf:
            self.transfer(self.guar, '5021', self.nfgf, '4021', parts[self.nfgf], 'REFEE')

    # -- events --
    def disburse(self, today, number, amount, value_date, maturity, rate):
        p = self.g.p
        self.g.roll(today)
        if self.state not in ('ISSUED', 'ACTIVE'):
            raise Refused(9111)
        if self.g.state == 'STOPPED':
            raise Refused(1102)
        if value_date > self.valid_until:
            raise Refused(9106)
        if value_date < self.issued:
            raise Refused(9112)
        self.check_drawdown(today, amount, value_date, maturity, rate)
        if any(d.number == number for d in self.drawdowns):
            raise Refused(9109)
        self.signed(self.bank)
        return self.draw(Drawdown(number, amount, value_date, maturity, rate))

    def check_drawdown(self, today, amount, value_date, maturity, rate):
        if value_date > today or maturity <= value_date:
            raise Refused(9112)
        if self.drawn + amount > self.amount or (maturity - value_date).days > self.g.p['term_max']:
            raise Refused(1108)
        if rate > self.g.p['rate_cap']:
            raise Refused(1109)

    def draw(self, d):
        amount, days, before = d.principal, (d.maturity - d.value_date).days, self.principal
        self.post(self.bank, 'DRAW', '1101', '2101.' + self.borr, amount)
        self.memo(before, before + amount, 'DRAW')
        self.charge(d, amount, days)
        self.g.s += amount * days
        self.drawn += amount
        self.drawdowns.append(d)
        self.state = 'ACTIVE'
        return self.take()

    def book_interest(self, d, until):
        v = interest(d.fen_days(until), d.rate, self.g.p['loan_basis'])
        self.post(self.bank, 'INT', '1111', '4011', v)
        d.due += v
        d.settled, d.history = max(d.settled, min(until, d.maturity)), []

    def int_settle(self, today):
        if self.state != 'ACTIVE':
            raise Refused(9111)
        for d in self.drawdowns:
            s = self.settlement_of(d)
            if s and s <= today:
                self.book_interest(d, s)
        return self.take()

    def extend(self, today, number, maturity):
        p = self.g.p
        if self.state != 'ACTIVE':
            raise Refused(9111)
        d = self.find(number)
        if d.balance == 0:
            raise Refused(9111)
        if today >= d.maturity:
            raise Refused(1111)
        if maturity <= d.maturity:
            raise Refused(9112)
        term = (d.first_maturity - d.value_date).days
        longest = p['ext_max'] or (term if term <= 366 else term // 2 if term <= 1827 else 1096)
        if (maturity - d.first_maturity).days > longest or len(d.segments) == 5:
            raise Refused(1112)
        self.signed(self.bank, self.guar, self.reg)
        self.g.roll(today)
        days = (maturity - d.maturity).days
        self.charge(d, d.balance, days)
        self.g.s += d.balance * days
        d.segments.append((d.balance, d.maturity, maturity))
        d.maturity = maturity
        return self.take()

    def cure(self, today, value_date, amount):
        if self.state != 'OVERDUE':
            raise Refused(9111)
        if value_date > today or value_date < self.overdue:
            raise Refused(9112)
        if any(d.balance and d.maturity <= today for d in self.drawdowns):
            raise Refused(9112)
        if amount != self.interest_due or self.principal == 0:
            raise Refused(1110)
        self.signed(self.bank)
        self.post(self.bank, 'REPAY_INT', '2101.' + self.borr, '1111', amount)
        self.post(self.bank, 'CURE', '1101', '1102', self.principal)
        for d in self.drawdowns:
            d.due = 0
            if d.balance:
                d.settled, d.history = value_date, []
        self.state, self.overdue, self.late = 'ACTIVE', None, False
        self.disputed, self.refused = None, False
        return self.take()

    def refund(self, d, value_date):
        """Ruling 17: earned is rounded per charged segment, the rest goes back through the bank."""
        p, earned = self.g.p, 0
        for amount, start, end in d.segments:
            days = (min(end, value_date) - start).days
            earned += fee(amount, p['fee_ppm'], days, p['fee_basis']) if days > 0 else 0
        self.post(self.guar, 'FEE_EARN', '2151', '4021', earned)
        self.transfer(self.guar, '2151', self.bank, '2101.' + self.borr, d.unearned - earned, 'FEE_REFUND')
        d.unearned = 0

    def repay(self, today, number, value_date, amount, interest_part, early=False):
        p = self.g.p
        if self.state not in (('ACTIVE',) if early else ('ACTIVE', 'OVERDUE')):
            raise Refused(9111)
        d = self.find(number)
        if value_date > today or value_date < d.settled or (early and value_date >= d.maturity):
            raise Refused(9112)
        running = 0
        if self.state == 'ACTIVE':
            running = interest(d.fen_days(value_date), d.rate, p['loan_basis'])
        # ruling 15: what pays the drawdown off pays the running interest too
        if interest_part is None:
            payoff = amount == d.balance + d.due + running
            interest_part = d.due + running if payoff else min(amount, d.due)
        else:
            payoff = amount - interest_part == d.balance
        principal = amount - interest_part
        owed = d.due + (running if payoff else 0)
        if principal < 0 or principal > d.balance or interest_part > owed:
            raise Refused(1110)
        if principal > 0 and interest_part != owed:
            raise Refused(1110)
        if principal == d.balance and not payoff:
            raise Refused(1110)
        self.signed(self.bank)
        if add_workdays(value_date, p['report_wd']) < today:
            self.warnings.append(9106)
        if payoff and self.state == 'ACTIVE':
            self.book_interest(d, value_date)
        self.post(self.bank, 'REPAY_INT', '2101.' + self.borr, '1111', interest_part)
        d.due -= interest_part
        if principal:
            before = self.principal
            self.post(self.bank, 'REPAY_PRIN', '2101.' + self.borr, '1101' if self.state == 'ACTIVE' else '1102', principal)
            self.memo(before, before - principal, 'RELEASE')
            d.balance -= principal
            if not payoff:
                d.history.append((value_date, principal))
        if payoff:
            if early and p['refundable']:
                self.refund(d, value_date)
            self.earn([d])
            if self.principal == 0:
                self.state = 'RELEASED'
        return self.take()

    def owed_on(self, day):
        """Normal interest on an overdue date: booked, and running up to it."""
        total = self.interest_due
        for d in self.drawdowns:
            if d.balance:
                total += interest(d.fen_days(day), d.rate, self.g.p['loan_basis'])
        return total

    def go_overdue(self, today, day):
        for d in self.drawdowns:
            if d.balance:
                self.book_interest(d, day)
        self.post(self.bank, 'OVERDUE', '1102', '1101', self.principal)
        self.overdue, self.state = day, 'OVERDUE'
        return self.take()

    def report_overdue(self, today, day, principal, owed):
        if self.state != 'ACTIVE':
            raise Refused(9111)
        if day > today:
            raise Refused(9112)
        for d in self.drawdowns:
            if d.balance and day < d.settled and day != self.first_maturity():
                raise Refused(9112)
        if principal != self.principal or owed != self.owed_on(day):
            raise Refused(1119)
        self.signed(self.bank)
        if today > add_workdays(day, self.g.p['notice_wd']):
            self.late = True
            self.warnings.append(1113)
        return self.go_overdue(today, day)

    def sys_overdue(self, today):
        if self.state != 'ACTIVE':
            raise Refused(9111)
        return self.go_overdue(today, self.first_maturity())

    def release(self):
        self.memo(self.principal, 0, 'RELEASE')
        self.earn(self.drawdowns)
        self.state = 'RELEASED'
        return self.take()

    def claim(self, today, principal, owed):
        p = self.g.p
        if self.state != 'OVERDUE':
            raise Refused(9111)
        days = (today - self.overdue).days
        if days < p['claim_open_days']:
            raise Refused(1114)
        if days > p['claim_close_days']:
            raise Refused(1115)
        if self.disputed is not None:
            raise Refused(9111)
        if principal != self.principal or owed != self.interest_due:
            raise Refused(1119)
        self.signed(self.bank)
        t = principal + (owed if p['cover'] == 'INTEREST' else 0)
        self.total = t * (PPM - p['late_ppm']) // PPM if self.late else t
        self.state, self.refused = 'CLAIMED', False
        return self.take()

    def refuse(self, today):
        if self.state != 'CLAIMED':
            raise Refused(9111)
        self.signed(self.guar)
        self.state, self.refused, self.disputed = 'OVERDUE', True, None
        if (today - self.overdue).days > self.g.p['claim_close_days']:
            return self.release()
        return self.take()

    def dispute(self, amount, by=None):
        if self.state not in ('OVERDUE', 'CLAIMED'):
            raise Refused(9111)
        if self.disputed is not None or (self.state == 'OVERDUE' and not self.refused):
            raise Refused(9111)
        if amount > self.total or (self.state == 'CLAIMED' and amount == self.total):
            raise Refused(1119)
        self.signed(self.guar if by == self.guar and self.state == 'CLAIMED' else self.bank)
        self.disputed = amount
        return self.take()

    def resolve(self, today, upheld):
        p = self.g.p
        if self.state not in ('OVERDUE', 'CLAIMED', 'CLAIM_APPROVED', 'COMPENSATED', 'RECOVERING') or self.disputed is None:
            raise Refused(9111)
        if upheld > self.disputed:
            raise Refused(1119)
        if self.state == 'OVERDUE':
            t = self.principal + (self.interest_due if p['cover'] == 'INTEREST' else 0)
            if upheld > (t * (PPM - p['late_ppm']) // PPM if self.late else t):
                raise Refused(1119)
            self.signed(self.bank, self.guar)
            self.disputed = None
            if upheld:
                self.claim_again(today, upheld)
            elif (today - self.overdue).days > p['claim_close_days']:
                return self.release()
        elif self.state == 'CLAIMED':
            self.signed(self.bank, self.guar)
            self.total -= self.disputed - upheld
            self.disputed = None
        else:
            if upheld:
                if upheld > self.bank_1102 + self.bank_1111:
                    raise Refused(1119)
                self.g.roll(today)
                self.compensate(upheld, self.bank, self.guar)
            else:
                self.signed(self.bank, self.guar)
            self.disputed = None
        return self.take()

    def claim_again(self, today, upheld):
        self.total, self.state, self.refused = upheld, 'CLAIMED', False

    def approve(self, today, amount):
        g = self.g
        if self.state != 'CLAIMED':
            raise Refused(9111)
        if amount != self.total - (self.disputed or 0):
            raise Refused(1119)
        g.roll(today)
        self.parties = rest_leaves(self.tree) + [self.bank]
        self.borne, self.open, self.recovered = ([0] * len(self.parties) for _ in range(3))
        self.level1, self.memory = [0, 0], {}
        self.approved = self.compensated = self.net = self.carried = 0
        self.firsts, self.shares = [], []
        self.bank_1102, self.bank_1111 = self.principal, self.interest_due
        self.compensate(amount, self.guar)
        self.memo(self.principal, 0, 'RELEASE')
        self.earn(self.drawdowns)
        self.state = 'CLAIM_APPROVED'
        if not self.firsts:
            self.settle(None)
        return self.take()

    def compensate(self, amount, *signers):
        """The APPROVE algorithm on `amount` more; nothing changes when it refuses."""
        p, g = self.g.p, self.g
        names = self.parties[:-1]
        level1 = list(self.level1)
        bank_part, rest = alloc(self.approved + amount, [self.tree[0][1], self.tree[1][1]], level1)
        paid = min(rest, g.room())
        overflow = rest - paid
        if overflow and p['cap_overflow'] == 'REJECT':
            raise Refused(1126)
        high = self.approved + amount > p.get('auto_claim', MAX_AMT)
        self.signed(*signers, *((self.reg, self.nfgf) if high else ()))
        self.level1 = level1
        self.approved += amount
        self.total = self.approved
        self.compensated += paid
        parts = split_more(self.tree[1][2], self.compensated, self.memory) if self.tree[1][2] else [paid]
        payer = p['first_payer'] or self.guar
        from_interest = min(paid, self.bank_1111) if p['cover'] == 'INTEREST' else 0
        own = '1131.' + self.borr
        if paid:
            o = self.oblige(payer, self.bank, paid)
            self.post(payer, 'CLAIM_OK', '1135', '2141.' + self.bank, paid, o)
            self.post(self.bank, 'CLAIM_OK', '1141.' + payer, '1111', from_interest, o)
            self.post(self.bank, 'CLAIM_OK', '1141.' + payer, '1102', paid - from_interest, o)
            self.firsts.append(o)
        for n, v in zip(names, parts):
            if n == payer:
                self.post(n, 'OWN_PART', own, '1135', v)
        for n, v in zip(names, parts):
            if n != payer and v:
                o = self.oblige(n, payer, v)
                self.shares.append(o)
                self.post(payer, 'SHARE', '1141.' + n, '1135', v, o)
                self.post(n, 'SHARE', own, '2141.' + payer, v, o)
        self.bank_1102 -= paid - from_interest
        self.bank_1111 -= from_interest
        loss = min(overflow, self.bank_1102)
        self.post(self.bank, 'CAP_OVERFLOW', '5011', '1102', loss)
        self.post(self.bank, 'CAP_OVERFLOW', '5011', '1111', overflow - loss)
        self.bank_1102 -= loss
        self.bank_1111 -= overflow - loss
        for i, v in enumerate(parts + [bank_part + overflow]):
            self.borne[i] += v
            self.open[i] += v if i < len(parts) else 0
        g.used += paid
        if (p['cap_ppm'] and g.room() < p['min_room']) or overflow or g.reached(p['stop_ppm']):
            g.state = 'STOPPED'
        elif g.state == 'NORMAL' and g.reached(p['warn_ppm']):
            g.state = 'WARN'

    def settled(self, obligation):
        self.settle(obligation)
        return self.take()

    def settle(self, obligation):
        """Ruling 8: PAID by the first payer's obligation, SHARE_DONE once no share is open."""
        if obligation in self.firsts:
            self.firsts.remove(obligation)
        if self.state == 'CLAIM_APPROVED' and not self.firsts:
            self.state = 'COMPENSATED'
        if obligation in self.shares:
            self.shares.remove(obligation)
        if self.state == 'COMPENSATED' and not self.shares:
            self.state = 'RECOVERING'

    def recover(self, gross, cost):
        if self.state not in ('COMPENSATED', 'RECOVERING', 'WRITTEN_OFF'):
            raise Refused(9111)
        collector = self.g.p['collector'] or self.guar
        high = cost > self.g.p.get('cost_limit', MAX_AMT)
        self.signed(collector, *((self.guar, self.bank) if high else ()))
        take = min(gross, cost + self.carried)
        self.carried += cost - take
        self.net += gross - take
        self.post(collector, 'RECOV', '1001', '2171', gross)
        self.post(collector, 'RECOV', '2171', '1001.COST', take)
        total = min(sum(self.recovered) + gross - take, sum(self.borne))  # a surplus that went out stays out
        surplus = gross - take - (total - sum(self.recovered))
        inc = alloc(total, self.borne, self.recovered)
        for i, (who, part) in enumerate(zip(self.parties, inc)):
            bank = i == len(self.parties) - 1
            rows = []
            if bank:
                a = min(part, self.bank_1102)
                b = min(part - a, self.bank_1111)
                self.bank_1102 -= a
                self.bank_1111 -= b
                rows = [('1102', a), ('1111', b), ('4031', part - a - b)]
                a = min(surplus, self.bank_1102)
                b = min(surplus - a, self.bank_1111)
                self.bank_1102 -= a
                self.bank_1111 -= b
                rows += [('1102', a), ('1111', b), ('2101.' + self.borr, surplus - a - b)]
                part += surplus
            else:
                a = min(part, self.open[i])
                self.open[i] -= a
                rows = [('1131.' + self.borr, a), ('4031', part - a)]
            if not part:
                continue
            if who == collector:
                for account, v in rows:
                    self.post(who, 'RECOV', '2171', account, v)
            else:
                o = self.oblige(collector, who, part)
                self.post(collector, 'RECOV', '2171', '2141.' + who, part, o)
                for account, v in rows:
                    self.post(who, 'RECOV', '1141.' + collector, account, v, o)
        return self.take()

    def write_off(self, who):
        if self.state != 'RECOVERING':
            raise Refused(9111)
        if who not in self.parties:
            raise Refused(9102)
        i = self.parties.index(who)
        if i == len(self.parties) - 1:
            if self.disputed is not None:
                raise Refused(9111)
            if self.bank_1102 + self.bank_1111 == 0:
                raise Refused(1124)
            self.signed(who)
            self.post(who, 'WRITE_OFF', '5012', '1102', self.bank_1102)
            self.post(who, 'WRITE_OFF', '5012', '1111', self.bank_1111)
            self.bank_1102 = self.bank_1111 = 0
        else:
            if self.open[i] == 0:
                raise Refused(1124)
            self.signed(who)
            self.post(who, 'WRITE_OFF', '5012', '1131.' + self.borr, self.open[i])
            self.open[i] = 0
        if not any(self.open) and self.bank_1102 + self.bank_1111 == 0:
            self.state = 'WRITTEN_OFF'
        return self.take()
