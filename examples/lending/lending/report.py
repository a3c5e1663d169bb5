"""The list of overdue loans that hangs behind the desk."""

NOTHING = "nothing is overdue\n"


def overdue(loans, today):
    """The overdue loans, the longest overdue first."""
    late = [loan for loan in loans if loan.is_overdue(today)]
    return sorted(late, key=lambda loan: (loan.due, loan.member, loan.book))


def overdue_table(loans, today):
    """One aligned line for each overdue loan."""
    late = overdue(loans, today)
    if not late:
        return NOTHING
    width = max(len(loan.book) for loan in late)
    lines = []
    for loan in late:
        days = (today - loan.due).days
        unit = "day" if days == 1 else "days"
        lines.append(f"{loan.book:<{width}}  {loan.member}  {days} {unit}\n")
    return "".join(lines)
