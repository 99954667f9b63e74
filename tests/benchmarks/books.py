"""Seeded books of accounts to measure with: 25 columns, sizes and dates spread as in a real portfolio."""

import csv
import random
from datetime import date, timedelta
from pathlib import Path

AS_OF = date(2026, 11, 20)
HEADINGS = [
    "Account ID",
    "Account Name",
    "Country",
    "Status",
    "ARR",
    "Currency",
    "Renewal Date",
    "Start Date",
    "Term Months",
    "Notice Days",
    "Auto Renew",
    "Payment on File",
    "CSM",
    "Sales Owner",
    "Industry",
    "Usage Trend",
    "Open Tickets",
    "CSAT",
    "NPS",
    "Engagement",
    "Relationship",
    "Last Contact",
    "Seats Purchased",
    "Seats Used",
    "Expansion ARR",
]
_FIRST = (
    "Alder Birch Cedar Delta Ember Fjord Granite Harbor Iris Juniper Kestrel Lumen Maple North Onyx".split()
)
_SECOND = "Analytics Foods Freight Health Labs Media Motors Networks Robotics Systems Textiles".split()
_FORMS = ["Ltd", "Inc", "SA", "GmbH", "Ltda", "& Filhos", "Group"]
_COUNTRIES = ["US"] * 6 + ["BR", "BR", "DE", "GB", "PT"]
_INDUSTRIES = ["Software", "Health", "Finance", "Retail", "Logistics", "Education"]


class Rows:
    """Rows made one at a time, the same ones for the same seed."""

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.seed = seed

    def __iter__(self) -> "Rows":
        self.random = random.Random(self.seed)
        self.at = 0
        # Far fewer draws than cells: a million rows in seconds, still no two alike.
        self.days = [(AS_OF + timedelta(days=each)).isoformat() for each in range(-500, 400)]
        return self

    def __next__(self) -> list[object]:
        if self.at >= self.count:
            raise StopIteration
        at, draw = self.at, self.random.random
        self.at += 1
        chance = draw()
        if chance < 0.62:
            arr = int(1200 + draw() * 8700)
        elif chance < 0.93:
            arr = int(10_000 + draw() * 88_000)
        else:
            arr = int(100_000 + draw() * draw() * 900_000)
        ends = 501 + int(draw() * 364)  # within the coming year
        seats = 5 + int(draw() * draw() * 900)
        one, two, three = int(draw() * 1e9), int(draw() * 1e9), int(draw() * 1e9)
        return [
            f"A{at:07d}",
            f"{_FIRST[one % 15]} {_SECOND[one // 15 % 11]} {at} {_FORMS[one // 165 % 7]}",
            _COUNTRIES[one // 1155 % 11],
            "active" if two % 50 else "churned",
            arr if three % 200 else "",
            "USD" if three % 10 else "EUR",
            self.days[ends],
            self.days[ends - 365],
            12,
            (30, 60, 90, "")[two % 4],
            "yes" if two // 4 % 3 else "no",
            "yes" if two // 12 % 2 else "no",
            f"csm{two // 24 % 40:02d}",
            f"ae{two // 960 % 12:02d}",
            _INDUSTRIES[two // 11520 % 6],
            three // 200 % 91 - 50,
            three // 18200 % 7,
            f"{1 + one // 12705 % 41 / 10:.1f}",
            one // 520905 % 190 - 90,
            two // 69120 % 101,
            three // 127400 % 101,
            self.days[400 + one % 100],
            seats,
            int(seats * (0.2 + 0.8 * draw())),
            int(arr * 0.3 * draw()) if two % 5 == 0 else "",
        ]


def write_book(file: Path, count: int, *, changed: float = 0.0) -> None:
    """Write a book as CSV; `changed` is the share of rows whose ARR and usage differ from the plain one."""
    step = round(1 / changed) if changed else 0
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADINGS)
        for at, row in enumerate(Rows(count, 20261120)):
            if step and at % step == 0:
                row[4] = 7777 if row[4] == "" else int(str(row[4])) + 100
                row[15] = 3
            writer.writerow(row)


def write_todos(folder: Path, count: int) -> None:
    """A list of to-do files, one per item, fifty a day from today on: todoman goes by the real clock."""
    folder.mkdir(parents=True)
    for at in range(count):
        due = date.today() + timedelta(days=at // 50)
        (folder / f"{at:06d}.ics").write_text(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\nBEGIN:VTODO\r\n"
            f"UID:{at:06d}\r\nDTSTAMP:20261101T000000Z\r\nSUMMARY:Review the renewal of account {at}\r\n"
            f"DUE;VALUE=DATE:{due:%Y%m%d}\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
            newline="",
        )
