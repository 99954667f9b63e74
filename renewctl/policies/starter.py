"""What `policy init` writes: an overlay that changes nothing until a line is uncommented."""

STARTER = """\
# Your policy for renewctl. Say only what differs from the shipped rules: everything else stays as it is.
# See what is in force with `renewctl policy show`, check this file with `renewctl policy check FILE`, and
# use it with `--policy FILE` or by setting RENEWCTL_POLICY.
#
# Take the `#` off a line to change it; its [table] line has to be there too.

[general]
# base_currency = "EUR"          # segments and totals; then give your own [rates]
# time_zone = "America/Sao_Paulo"
# country = "BR"                 # whose public holidays are not worked; "" = weekends only

# Units of the base currency that one unit of each is worth.
[rates]
# GBP = "1.31"

# Who does the steps of other roles; what is empty falls to the account's CSM.
[team]
# manager = "Rui Costa"
# legal = "Legal desk"

[team.managers]
# "Ana Prado" = "Rui Costa"

# You, as your proposals name you.
[supplier]
# name = "Example Software Ltd"
# address = "1 Example Street, Exampletown"
# contact = "renewals@example.com"

# The address a person's mails are drafted from.
[people]
# "Ana Prado" = { email = "ana.prado@example.com" }

# ARR in the base currency from which an account is in the segment.
[segments.enterprise]
# at_least = 150_000

[segments.mid_market]
# at_least = 15_000

[health.bands]
# green = 80
# yellow = 55

# Who owns a renewal: specialist, csm, sales or hybrid.
[ownership]
# model = "csm"

# CSMs who would rather not lead commercial talks: the advice of `renewctl owners` takes them into account.
[ownership.advice]
# reluctant_csms = ["Ana Prado"]

# Hours a week that a person has for renewals, and from when on somebody has too much.
[capacity]
# hours_per_week = 24

[capacity.limits]
# accounts = 60

# A step: change one key of it, switch it off, or add one of your own.
[timelines.enterprise.strategy]
# days = 110

[timelines.smb.check-in]
# enabled = false

[saves.approval_pct]
# csm = 5
# manager = 15

[pricing]
# valid_days = 45
"""
