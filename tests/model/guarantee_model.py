"""Product (a) on a ledger: what model.py's Contract leaves out (signers, application, households, exposures, deadlines of the
calendar, FREEZE, FLAG_SHIFT, REVERSE, breaker), from domain.md 3.0, 3.1 and 3.7.

What 3.1 leaves open and contracts/guarantee/README.md decides is marked "decision".
"""
import copy
import hashlib
import os
from datetime import timedelta

import model
import wire
from ledger import CODES, FISCAL, ROLES, Refused, defines, need, params, workday_add
from ledger import workday as is_workday
from model import PPM

HEADER = os.path.join(os.path.dirname(__file__), '../../include/zyd/guarantee.h')
E, S, L, D = (defines(HEADER, 'ZYD_GUARANTEE_' + t) for t in ('EVENTS', 'STATES', 'LABELS', 'DEADLINES'))
TABLE = params(HEADER, 'ZYD_GUARANTEE_PARAMS')
INDEX = {c: i for i, c in enumerate(CODES)}
MAX = model.MAX_AMT
DAY = timedelta(days=1)
ENDED = ('RELEASED', 'REJECTED', 'LAPSED', 'CANCELLED')
BEFORE = ('APPLIED', 'DD', 'OFFERED', 'ISSUED')
REVERSIBLE = ('DISBURSE', 'REPAY', 'PREPAY', 'OVERDUE', 'EXTEND', 'CURE', 'RECOVER', 'WRITE_OFF')


def tree_hash(tree):
    return hashlib.sha256(wire.tree_bytes(tree, INDEX)).digest()


class Programme(model.Programme):
    def __init__(self, number, tree, banks, evidence, p, tiers=None, register=None):
        super().__init__(tree, **p)
        self.number, self.banks, self.evidence, self.tiers, self.register = number, banks, evidence, tiers, register
        names = model.rest_leaves(tree)
        self.filers = [n for n in ('REG', 'NFGF') if n in names and p[n.lower()]]
        self.fiscal = [n for n in names if ROLES[INDEX[n]] == FISCAL]

    def tier(self, amount, borrower, today):
        """Shares by tier: the first whose amount and grade fit, from 1 on; None: none does.  0: there are no tiers."""
        if self.tiers is None:
            return 0
        grade = self.register.grade(borrower, today) if self.register else 0
        for i, (most, asked, _) in enumerate(self.tiers):
            if (most == 0 or amount <= most) and asked in (0, grade):
                return i + 1
        return None

    def tier_tree(self, tier):
        return self.tiers[tier - 1][2] if tier else self.tree

    def open_breaker(self, today):
        self.roll(today)
        need(self.state != 'STOPPED', 1102)


class Contract(model.Contract):
    """The whole contract.  `by`: the member that sends the operation and all who signed it, set before each event."""

    def __init__(self, g, bank, borrower, amount, today):
        p = g.p
        super().__init__(g, bank, p['guar'], p['reg'], p['nfgf'], borrower_account(borrower), amount, None, None)
        self.borrower, self.state, self.fee_ppm = borrower, 'APPLIED', p['fee_ppm']
        self.filed = self.frozen = self.shifted = self.escalated = self.query = False
        self.frozen_by, self.queries, self.left = None, 0, 0
        self.lapse = workday_add(today, p['dd_wd'])     # last day for the next step
        self.review = self.supply = self.pay_until = self.share_until = None
        self.pay_late = self.share_late = False
        self.undo = None
        self.by, self.id, self.tier = (), None, 0
        self.firsts, self.shares = [], []

    def signed(self, *who):
        """Every one of them, and whoever sends it is one of them (decision)."""
        who = self.required = [w for w in who if w]
        need(self.by[0] in who and all(w in self.by for w in who), 9102)

    def awake(self):
        need(not self.frozen, 9110)

    def state_in(self, *states):
        need(self.state in states, 9111)

    # -- application --
    def dd_done(self, today):
        self.awake()
        self.state_in('APPLIED')
        self.signed(self.bank, None if self.g.p['batch'] else self.guar)
        self.state, self.lapse = 'DD', workday_add(today, self.g.p['offer_wd'])
        return self.take()

    def leaf(self, amount):
        """GUAR's leaf of the tree."""
        names = model.rest_leaves(self.tree)
        return model.split_tree(self.tree, amount)[1][names.index(self.guar)] if self.guar in names else 0

    def choose_tier(self, amount, today):
        """For good when it is offered; until then nothing is split by it."""
        tier = self.g.tier(amount, self.borrower, today)
        need(tier is not None, 1127)
        self.chosen, self.tree = tier, self.g.tier_tree(tier)

    @property
    def committed(self):
        """Ruling 10."""
        if self.state in ENDED or self.state in ('APPLIED', 'DD'):
            return 0
        return self.amount - (self.drawn - self.principal)

    def offer(self, today, amount, fee, tree, everyone):
        g, p = self.g, self.g.p
        self.awake()
        self.state_in('DD')
        g.open_breaker(today)
        self.choose_tier(amount, today)
        need(tree is None or tree == tree_hash(self.tree), 9103)
        need(amount <= self.amount, 1108)
        self.limits(amount, everyone)
        self.signed(self.guar, self.reg if amount > p['auto_limit'] else None)
        self.commit(amount)
        if fee is not None:
            self.fee_ppm = fee
        self.state, self.lapse = 'OFFERED', workday_add(today, p['issue_wd'])
        return self.take()

    def limits(self, amount, everyone):
        over = self.fits(amount, everyone)
        need(not over, over)
        need(self.tree[0][1] >= self.g.p['min_bank_share'], 1106)

    def commit(self, amount):
        self.exposed = bool(self.g.p['net_assets'])
        self.small = amount <= self.g.p['small_max']
        self.amount, self.tier = amount, self.chosen

    def fits(self, amount, everyone):
        """Ruling 10, E20: 0, or the code of the limit that an offer of so much would pass."""
        p = self.g.p
        mine = [c for c in everyone if c.borrower == self.borrower and c.g.p['class'] == p['class']]
        if sum(c.committed for c in mine) + amount > p['household_cap']:
            return 1103
        if p['net_assets']:
            counted = [c for c in everyone if c.exposed and c.guar == self.guar] + [self]

            def weighted(of):
                small = sum(c.leaf(amount if c is self else c.committed) for c in of if c.is_small(amount))
                whole = sum(c.leaf(amount if c is self else c.committed) for c in of)
                return -(-small * p['small_ppm'] // PPM) + whole - small
            if weighted(counted) > p['leverage'] * p['net_assets']:
                return 1104
            if weighted([c for c in counted if c.borrower == self.borrower]) > p['net_assets'] * p['concentration_ppm'] // PPM:
                return 1105
        return 0

    exposed = small = False

    def is_small(self, offered):
        return self.small if self.exposed else offered <= self.g.p['small_max']

    def file_re(self, today):
        p = self.g.p
        self.awake()
        self.state_in(*BEFORE, *(('ACTIVE',) if p['file_later_days'] else ()))
        need(self.g.filers and not self.filed, 9111)
        need(self.issued is None or (today - self.issued).days <= p['file_later_days'], 9106)
        self.signed(*self.g.filers)
        self.filed = True
        return self.take()

    def issue(self, today, valid):
        g, p = self.g, self.g.p
        self.awake()
        self.state_in('OFFERED')
        g.open_breaker(today)
        need(valid >= today, 9112)
        need(self.filed or not g.filers or p['file_later_days'], 1107)
        self.signed(self.bank, self.guar, *g.fiscal)
        self.state, self.issued, self.valid_until, self.lapse = 'ISSUED', today, valid, valid
        return self.take()

    def reject(self):
        self.awake()
        self.state_in('APPLIED', 'DD')
        self.signed(self.guar)
        self.state = 'REJECTED'
        return self.take()

    def cancel(self):
        self.awake()
        self.state_in(*BEFORE)
        self.signed(self.bank, self.guar)
        self.state = 'CANCELLED'
        return self.take()

    def release_by_bank(self):
        """Decision: principal is never 0 in ACTIVE (REPAY released it), and SYS ends a period that is over."""
        self.awake()
        self.state_in('ACTIVE', 'OVERDUE')
        raise Refused(1125)

    # -- claim --
    def claim(self, today, principal, owed, evidence, shifted):
        if self.state == 'OVERDUE' and self.disputed is None:
            days = (today - self.overdue).days
            need(days >= self.g.p['claim_open_days'], 1114)
            need(days <= self.g.p['claim_close_days'], 1115)
            need(evidence >= len(self.g.evidence), 1116)
            need(not shifted and not self.shifted, 1117)
        out = super().claim(today, principal, owed)
        self.claimed_on(today)
        return out

    def claimed_on(self, today):
        self.review = workday_add(today, self.g.p['review_wd'])
        self.queries, self.query, self.escalated = 0, False, False

    def claim_again(self, today, upheld):
        super().claim_again(today, upheld)
        self.claimed_on(today)

    def ask(self, today):
        self.awake()
        self.state_in('CLAIMED')
        need(not self.query and not self.escalated, 9111)
        need(self.queries < 2, 1118)
        self.signed(self.guar)
        self.queries += 1
        self.query = True
        self.left = sum(is_workday(today + DAY * (i + 1)) for i in range((self.review - today).days))
        self.supply = workday_add(today, self.g.p['supply_wd'])
        return self.take()

    def answer(self, today):
        self.awake()
        self.state_in('CLAIMED')
        need(self.query, 9111)
        self.signed(self.bank)
        self.clock_on(today)
        return self.take()

    def clock_on(self, day):
        self.query, self.review = False, workday_add(day, self.left)

    def approve(self, today, amount):
        self.state_in('CLAIMED')
        need(not self.shifted, 1117)
        out = super().approve(today, amount)
        self.paid_for(today)
        return out

    def paid_for(self, today):
        if self.firsts:
            self.pay_until, self.pay_late = workday_add(today, self.g.p['pay_wd']), False

    def settle(self, obligation):
        before = self.state
        super().settle(obligation)
        if before == 'CLAIM_APPROVED' != self.state:
            self.pay_until = None
            if self.state == 'COMPENSATED':
                self.share_until, self.share_late = workday_add(self.g.life.today, self.g.p['share_wd']), False
        if self.state == 'RECOVERING':
            self.share_until = None

    # -- overlays --
    def freeze(self):
        self.awake()
        need(self.state not in ENDED, 9111)
        self.by_auditor()
        self.frozen, self.frozen_by = True, self.by[0]
        return self.take()

    def by_auditor(self):
        need(ROLES[INDEX[self.by[0]]] == 6, 9102)

    def unfreeze(self):
        need(self.frozen, 9111)
        self.signed(self.frozen_by)
        self.frozen = False
        return self.take()

    def flag_shift(self, shifted):
        self.awake()
        self.state_in(*BEFORE, 'ACTIVE', 'OVERDUE', 'CLAIMED')
        need(shifted != self.shifted, 9111)
        self.by_auditor()
        self.shifted = shifted
        return self.take()

    # -- REVERSE --
    KEPT = ('state', 'drawn', 'drawdowns', 'overdue', 'late', 'disputed', 'refused', 'bank_1102', 'bank_1111', 'borne', 'open',
            'recovered', 'net', 'carried', 'lapse')

    def note(self):
        """What the contract is before an event that can be reversed."""
        return {k: copy.deepcopy(getattr(self, k)) for k in self.KEPT if hasattr(self, k)}, self.g.s

    def reverse(self, today, op, opposite, owed):
        """owed: number -> Owed.  An obligation that was acted on gets an opposite one.  FROZEN lets it through (3.0.6)."""
        need(self.undo is not None and op == self.undo['op'], 9111)
        u = self.undo
        acted = [o for o in u['made'] if owed[o[0]].state != 'CREATED']
        need(not acted or opposite, 9107)
        self.signed(*u['signers'])
        against = {}
        for number, debtor, creditor, fen in u['made']:
            if owed[number].state == 'CREATED':
                owed[number].state = 'REVERSED'
            else:
                against[number] = self.oblige(creditor, debtor, fen)
        rows = []
        for member, label, dr, cr, fen, o in u['rows']:
            if o in against:
                o2 = against[o]
                if cr.startswith('2141.'):      # the debtor's leg
                    rows.append((member, label, '1141.' + cr[5:], dr, fen, o2))
                else:
                    rows.append((member, label, cr, '2141.' + dr[5:], fen, o2))
            else:
                rows.append((member, label, cr, dr, fen, o))
        for k, v in u['kept'].items():
            setattr(self, k, v)
        if u['year'] == today.year:
            self.g.s -= u['s']
        self.undo = None
        self.rows = rows
        return self.take()

    # -- deadlines: (day, number) of what SYS does next --
    def deadlines(self):
        if self.state in ENDED or self.state == 'WRITTEN_OFF':
            return None
        out = []
        settle, overdue, release = self.due()
        for d, n in ((settle, 'INT_SETTLE'), (overdue, 'OVERDUE'), (release, 'RELEASE')):
            if d:
                out.append((d, D[n], n))
        if self.state in BEFORE:
            out.append((self.lapse + DAY, D['LAPSE'], 'LAPSE'))
        if self.state == 'CLAIMED':
            if self.query:
                out.append((self.supply + DAY, D['CLOCK'], 'CLOCK'))
            elif not self.escalated:
                out.append((self.review + DAY, D['SILENCE'], 'SILENCE'))
        if self.state == 'CLAIM_APPROVED' and self.pay_until and not self.pay_late:
            out.append((self.pay_until + DAY, D['PAYMENT_LATE'], 'PAYMENT_LATE'))
        if self.state == 'COMPENSATED' and self.share_until and not self.share_late:
            out.append((self.share_until + DAY, D['SHARE_LATE'], 'SHARE_LATE'))
        return min(out, default=None)

    def fire(self, day, name):
        if name == 'INT_SETTLE':
            return self.int_settle(day)
        if name == 'OVERDUE':
            return self.sys_overdue(day)
        if name == 'RELEASE':
            return self.release()
        if name == 'LAPSE':
            self.state = 'LAPSED'
        elif name == 'CLOCK':
            self.clock_on(day - DAY)
        elif name == 'SILENCE':
            if self.g.p['silence'] == 2 and not self.shifted:
                self.by = (self.guar, self.reg, self.nfgf)
                return self.approve(day, self.total - (self.disputed or 0))
            self.escalated = True
            self.warnings.append(1120)
        elif name == 'PAYMENT_LATE':
            self.pay_late = True
            self.warnings.append(1121)
        else:
            self.share_late = True
            self.warnings.append(1122)
        return self.take()


def borrower_account(borrower):
    return borrower if isinstance(borrower, str) else borrower[:8].hex()
