"""REVERSE of a pool (3.0.10): of REPAY, RECOVER, DEMAND_BACK of a loan, and of FUND_CONFIRM."""
from ledger import need
from model import PPM


class Corrections:
    """Of a Pool."""
    def reversible(self, x, name, event):
        """REPAY, RECOVER, DEMAND_BACK (decision: REVIEW_OK is corrected by DEMAND_BACK)."""
        before = x.image(), x.memo, name
        event()
        x.note = self.b.note(before, x.image())

    def reverse(self, x, op):
        """Decision: no opposite obligations, for 3009 would be owed twice.  FROZEN lets it through (3.0.6)."""
        self.running()
        self.b.can_reverse(x.note, op, x.image())
        (own, borne, refunds, backs, _), memo, name = x.note.before
        was = dict(zip(x.OWN, own))
        again = was['short'] - x.short
        promised = x.refunded + x.clawed - was['refunded'] - was['clawed']
        counts = again + x.clawed - was['clawed'] if name == 'DEMAND_BACK' else 0
        if x.state == 'REPAID':
            need(self.shared['loans'][self.p['CLASS'], x.bank, x.loan] is x, 9111)  # decision: registered elsewhere meanwhile
        if counts:  # decision: the caps were given to others meanwhile
            cap, base = self.p['PER_BORROWER_CAP'], x.claimed - was['disputed']
            need(not cap or counts <= cap - self.borrowers.get(x.borrower, 0), 9111)
            need(counts <= base * self.p['STACK_PPM'] // PPM - self.shared['stack'].get((x.bank, x.loan), 0), 9111)
        self.b.mirror(x.note)
        self.count(x, counts)
        for sign in (-1, 1):  # out of the pool's sums, and in again as it was
            if not x.left:
                self.balance += sign * x.balance
                self.npl += sign * x.balance if x.npl else 0
            if sign < 0:
                self.open_claims += x.left and not was['left']
                for k, v in was.items():
                    setattr(x, k, v)
        x.borne, x.memo = list(borne), memo
        self.pending -= promised
        for kind, n in (('REFUND', refunds), ('BACK', backs)):
            if x.open[kind] and not n:
                x.due.pop(kind, None)
            x.open[kind] = n
        x.note = None
        self.breaker(x.npl and not x.left)  # decision: it stops only when the rate has risen

    def reversible_funding(self, f, event):
        event()
        f['note'] = self.b.note(None, f['state'])

    def reverse_funding(self, f, op):
        """The notice was not this pool's money after all."""
        self.running()
        self.b.can_reverse(f.get('note'), op, f['state'])
        layer = self.layers[f['layer']]
        need(layer.balance >= f['fen'], 9111)  # decision: it was given out
        self.b.mirror(f['note'])
        layer.balance -= f['fen']
        f.update(state='PENDING', note=None)
