"""Open items and renewals for tests of a team's load, made without a portfolio."""

from datetime import date, timedelta

from renewctl.core.classify import Classified
from renewctl.core.due import DueContract, Item, Task, Who
from renewctl.core.team import Renewing, Work
from tests.book import account, contract

DAY = date(2026, 3, 4)  # a Wednesday


def renewal_of(no=1, **facts):
    """What an item says of its renewal."""
    known = {
        "no": no, "id": f"C{no}", "account_no": no, "account_id": f"A{no}", "account_name": f"Account {no}",
        "renewal_on": DAY + timedelta(days=100), "planned_from_on": DAY, "stage": "planned", "cycle": 1,
        "arr_base_minor": 20_000_00, "segment_arr_minor": 20_000_00, "segment": "mid_market", "band": "green",
        "opportunity": "flat", "touch": "negotiated", "guard": 0, "owner": "ana", "owner_role": "csm",
        "csm": "ana",
    }  # fmt: skip
    return DueContract(**{**dict.fromkeys(DueContract._fields), **known, **facts})


def work(no=1, step="notice", minutes=60, work_on=DAY, person="ana", **facts):
    """One open item of account `no` with its minutes."""
    channel, kind = facts.pop("channel", "internal"), facts.pop("kind", "timeline")
    role, delegate = facts.pop("role", "owner"), facts.pop("delegate", False)
    auto, covers = facts.pop("auto", False), facts.pop("covers", ())
    task = Task(step, 30, f"Do {step}", channel, role, kind, "TML-M", 0, "", covers)
    status = "overdue" if work_on < DAY else "upcoming"
    item = Item(3, work_on, work_on, status, task, renewal_of(no, **facts), 1, Who(person, role, delegate))
    return Work(item, minutes, auto)


def renewing(no=1, owner="ana", arr=20_000_00, ahead=100, minutes=0, segment="mid_market", **facts):
    """An open renewal of account `no`; `ahead` None is an unknown renewal date."""
    renewal_on = None if ahead is None else DAY + timedelta(days=ahead)
    role = facts.pop("role", "csm")
    terms = {key: facts.pop(key) for key in ("auto_renew", "notice_days", "cycle") if key in facts}
    row = Classified(no, no, arr, arr, segment, 80.0, "green", "flat", "negotiated", owner, role, False)
    of = account(no, **{"csm": owner, **facts})
    return Renewing(of, contract(no, renewal_on=renewal_on, arr_minor=arr, **terms), row, None, {}, minutes)
