CREATE TABLE account (
	no INTEGER NOT NULL,
	id TEXT NOT NULL,
	name TEXT NOT NULL,
	search_name TEXT NOT NULL,
	country TEXT,
	status TEXT,
	currency TEXT,
	csm TEXT,
	sales_owner TEXT,
	specialist TEXT,
	executive_sponsor TEXT,
	industry TEXT,
	strategic INTEGER NOT NULL,
	segment_override TEXT,
	segment_reason TEXT,
	expansion_minor INTEGER,
	target_arr_minor INTEGER,
	growth_rate REAL,
	seats_purchased INTEGER,
	seats_used INTEGER,
	champion TEXT,
	champion_gone INTEGER NOT NULL,
	cancel_notice_on TEXT,
	competitor TEXT,
	last_contact_on TEXT,
	ticket_severity INTEGER,
	ticket_severity_on TEXT,
	early_on TEXT,
	recorded_on TEXT NOT NULL,
	source TEXT,
	source_line INTEGER,
	PRIMARY KEY (no),
	CONSTRAINT strategic_yes_no CHECK (strategic IN (0, 1)),
	CONSTRAINT champion_gone_yes_no CHECK (champion_gone IN (0, 1)),
	CONSTRAINT cancel_notice_on_iso CHECK (length(cancel_notice_on) = 10),
	CONSTRAINT recorded_on_iso CHECK (length(recorded_on) = 10),
	CONSTRAINT id_given CHECK (length(id) > 0),
	CONSTRAINT expansion_not_negative CHECK (expansion_minor >= 0),
	UNIQUE (id)
)
 STRICT;
CREATE INDEX account_search ON account (search_name);
CREATE TABLE agenda (
	contract_no INTEGER NOT NULL,
	next_due_on TEXT NOT NULL,
	renewal_on TEXT NOT NULL,
	arr_rank INTEGER NOT NULL,
	contract_id TEXT NOT NULL,
	deadline_on TEXT,
	alone INTEGER NOT NULL,
	PRIMARY KEY (contract_no)
)
 STRICT;
CREATE INDEX agenda_deadline ON agenda (deadline_on) WHERE deadline_on IS NOT NULL;
CREATE INDEX agenda_next ON agenda (next_due_on, renewal_on, arr_rank, contract_id);
CREATE INDEX agenda_renewal ON agenda (renewal_on);
CREATE TABLE change (
	no INTEGER NOT NULL,
	op INTEGER NOT NULL,
	entity TEXT NOT NULL,
	"key" TEXT NOT NULL,
	account_no INTEGER,
	"before" TEXT,
	"after" TEXT,
	PRIMARY KEY (no),
	CONSTRAINT says_something CHECK (before IS NOT NULL OR after IS NOT NULL)
)
 STRICT;
CREATE INDEX change_account ON change (account_no);
CREATE TABLE erasure (
	no INTEGER NOT NULL,
	op INTEGER NOT NULL,
	was TEXT NOT NULL,
	now TEXT NOT NULL,
	PRIMARY KEY (no)
)
 STRICT;
CREATE TABLE meta (
	"key" TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY ("key")
)
 STRICT;
CREATE TABLE migration (
	version INTEGER NOT NULL,
	name TEXT NOT NULL,
	at TEXT NOT NULL,
	PRIMARY KEY (version)
)
 STRICT;
CREATE TABLE operation (
	seq INTEGER NOT NULL,
	at TEXT NOT NULL,
	as_of TEXT NOT NULL,
	actor TEXT NOT NULL,
	command TEXT NOT NULL,
	summary TEXT NOT NULL,
	undoes INTEGER,
	nonce TEXT,
	count INTEGER NOT NULL,
	content TEXT NOT NULL,
	previous TEXT NOT NULL,
	digest TEXT NOT NULL,
	PRIMARY KEY (seq),
	UNIQUE (nonce)
)
 STRICT;
CREATE TABLE pin (
	entity TEXT NOT NULL,
	row_no INTEGER NOT NULL,
	field TEXT NOT NULL,
	source_value TEXT NOT NULL,
	PRIMARY KEY (entity, row_no, field)
)
 STRICT;
CREATE TABLE source (
	no INTEGER NOT NULL,
	file TEXT NOT NULL,
	kind TEXT NOT NULL,
	digest TEXT NOT NULL,
	salt TEXT NOT NULL,
	rows INTEGER NOT NULL,
	imported_on TEXT NOT NULL,
	head TEXT NOT NULL,
	lines BLOB NOT NULL,
	checksum TEXT NOT NULL,
	PRIMARY KEY (no)
)
 STRICT;
CREATE INDEX source_salt ON source (salt);
CREATE TABLE assignment (
	subject TEXT NOT NULL,
	cycle INTEGER NOT NULL,
	step TEXT NOT NULL,
	account_no INTEGER NOT NULL,
	person TEXT NOT NULL,
	set_on TEXT NOT NULL,
	actor TEXT NOT NULL,
	PRIMARY KEY (subject, cycle, step),
	CONSTRAINT person_given CHECK (length(person) > 0),
	CONSTRAINT set_on_iso CHECK (length(set_on) = 10),
	FOREIGN KEY(account_no) REFERENCES account (no)
)
 STRICT;
CREATE INDEX assignment_account ON assignment (account_no);
CREATE TABLE contract (
	no INTEGER NOT NULL,
	id TEXT NOT NULL,
	account_no INTEGER NOT NULL,
	name TEXT,
	arr_minor INTEGER,
	currency TEXT,
	start_on TEXT,
	renewal_on TEXT,
	renewal_day INTEGER,
	term_months INTEGER,
	notice_days INTEGER,
	auto_renew INTEGER,
	payment_on_file INTEGER,
	stage TEXT NOT NULL,
	state TEXT NOT NULL,
	implied INTEGER NOT NULL,
	cycle INTEGER NOT NULL,
	planned_from_on TEXT NOT NULL,
	won_on TEXT,
	recorded_on TEXT NOT NULL,
	source TEXT,
	source_line INTEGER,
	PRIMARY KEY (no),
	CONSTRAINT arr_not_negative CHECK (arr_minor >= 0),
	CONSTRAINT arr_has_currency CHECK (arr_minor IS NULL OR currency IS NOT NULL),
	CONSTRAINT renewal_has_day CHECK (renewal_on IS NULL OR renewal_day IS NOT NULL),
	CONSTRAINT renewal_day_in_month CHECK (renewal_day BETWEEN 1 AND 31),
	CONSTRAINT term_positive CHECK (term_months > 0),
	CONSTRAINT notice_not_negative CHECK (notice_days >= 0),
	CONSTRAINT cycle_positive CHECK (cycle >= 1),
	CONSTRAINT renewal_on_iso CHECK (length(renewal_on) = 10),
	CONSTRAINT auto_renew_yes_no CHECK (auto_renew IN (0, 1)),
	CONSTRAINT payment_on_file_yes_no CHECK (payment_on_file IN (0, 1)),
	CONSTRAINT implied_yes_no CHECK (implied IN (0, 1)),
	CONSTRAINT state_known CHECK (state IN ('open', 'lost', 'superseded')),
	UNIQUE (id),
	FOREIGN KEY(account_no) REFERENCES account (no)
)
 STRICT;
CREATE INDEX contract_account ON contract (account_no);
CREATE TABLE health_override (
	account_no INTEGER NOT NULL,
	score REAL NOT NULL,
	reason TEXT NOT NULL,
	note TEXT,
	set_on TEXT NOT NULL,
	until_on TEXT NOT NULL,
	actor TEXT NOT NULL,
	PRIMARY KEY (account_no),
	CONSTRAINT score_in_range CHECK (score BETWEEN 0 AND 100),
	CONSTRAINT ends_after_it_begins CHECK (until_on >= set_on),
	CONSTRAINT set_on_iso CHECK (length(set_on) = 10),
	CONSTRAINT until_on_iso CHECK (length(until_on) = 10),
	FOREIGN KEY(account_no) REFERENCES account (no)
)
 STRICT;
CREATE TABLE health_reading (
	account_no INTEGER NOT NULL,
	read_on TEXT NOT NULL,
	usage_trend REAL,
	open_tickets INTEGER,
	csat REAL,
	nps REAL,
	engagement REAL,
	relationship REAL,
	score REAL,
	source TEXT,
	source_line INTEGER,
	PRIMARY KEY (account_no, read_on),
	CONSTRAINT read_on_iso CHECK (length(read_on) = 10),
	FOREIGN KEY(account_no) REFERENCES account (no)
)
 WITHOUT ROWID,
 STRICT;
CREATE TABLE item_state (
	subject TEXT NOT NULL,
	account_no INTEGER NOT NULL,
	cycle INTEGER NOT NULL,
	step TEXT NOT NULL,
	state TEXT NOT NULL,
	set_on TEXT NOT NULL,
	until_on TEXT,
	reason TEXT,
	minutes INTEGER,
	actor TEXT NOT NULL,
	PRIMARY KEY (subject, cycle, step),
	CONSTRAINT state_known CHECK (state IN ('done', 'skipped', 'snoozed')),
	CONSTRAINT minutes_not_negative CHECK (minutes >= 0),
	CONSTRAINT snooze_ends CHECK (state != 'snoozed' OR until_on IS NOT NULL),
	FOREIGN KEY(account_no) REFERENCES account (no)
)
 STRICT;
CREATE INDEX item_state_account ON item_state (account_no);
CREATE TABLE stakeholder (
	no INTEGER NOT NULL,
	account_no INTEGER NOT NULL,
	name TEXT NOT NULL,
	email TEXT,
	role TEXT,
	influence TEXT,
	sentiment TEXT,
	last_contact_on TEXT,
	thread_owner TEXT,
	source TEXT,
	source_line INTEGER,
	PRIMARY KEY (no),
	FOREIGN KEY(account_no) REFERENCES account (no)
)
 STRICT;
CREATE INDEX stakeholder_account ON stakeholder (account_no);
CREATE TABLE value_metric (
	no INTEGER NOT NULL,
	account_no INTEGER NOT NULL,
	metric TEXT NOT NULL,
	value TEXT,
	unit TEXT,
	period_start_on TEXT,
	period_end_on TEXT,
	baseline TEXT,
	rate TEXT,
	currency TEXT,
	quote TEXT,
	source TEXT,
	source_line INTEGER,
	PRIMARY KEY (no),
	FOREIGN KEY(account_no) REFERENCES account (no)
)
 STRICT;
CREATE INDEX value_metric_account ON value_metric (account_no);
CREATE TABLE activity (
	no INTEGER NOT NULL,
	account_no INTEGER NOT NULL,
	contract_no INTEGER,
	happened_on TEXT NOT NULL,
	kind TEXT NOT NULL,
	text TEXT NOT NULL,
	minutes INTEGER,
	actor TEXT NOT NULL,
	PRIMARY KEY (no),
	CONSTRAINT minutes_not_negative CHECK (minutes >= 0),
	FOREIGN KEY(account_no) REFERENCES account (no),
	FOREIGN KEY(contract_no) REFERENCES contract (no)
)
 STRICT;
CREATE INDEX activity_account ON activity (account_no);
CREATE INDEX activity_contract ON activity (contract_no);
CREATE TABLE amendment (
	no INTEGER NOT NULL,
	account_no INTEGER NOT NULL,
	contract_no INTEGER NOT NULL,
	cycle INTEGER NOT NULL,
	kind TEXT NOT NULL,
	effective_on TEXT NOT NULL,
	arr_before_minor INTEGER,
	arr_after_minor INTEGER,
	currency TEXT,
	renewal_before_on TEXT,
	renewal_after_on TEXT,
	reason TEXT,
	actor TEXT NOT NULL,
	PRIMARY KEY (no),
	CONSTRAINT cycle_positive CHECK (cycle >= 1),
	CONSTRAINT arr_before_not_negative CHECK (arr_before_minor >= 0),
	CONSTRAINT arr_after_not_negative CHECK (arr_after_minor >= 0),
	CONSTRAINT amounts_have_currency CHECK (currency IS NOT NULL OR COALESCE(arr_before_minor, arr_after_minor) IS NULL),
	CONSTRAINT kind_known CHECK (kind IN ('amendment', 'extension', 'co_term')),
	CONSTRAINT effective_on_iso CHECK (length(effective_on) = 10),
	CONSTRAINT renewal_before_on_iso CHECK (length(renewal_before_on) = 10),
	CONSTRAINT renewal_after_on_iso CHECK (length(renewal_after_on) = 10),
	FOREIGN KEY(account_no) REFERENCES account (no),
	FOREIGN KEY(contract_no) REFERENCES contract (no)
)
 STRICT;
CREATE INDEX amendment_account ON amendment (account_no);
CREATE INDEX amendment_contract ON amendment (contract_no);
CREATE TABLE departure (
	stakeholder_no INTEGER NOT NULL,
	account_no INTEGER NOT NULL,
	left_on TEXT NOT NULL,
	note TEXT,
	PRIMARY KEY (stakeholder_no),
	CONSTRAINT left_on_iso CHECK (length(left_on) = 10),
	FOREIGN KEY(stakeholder_no) REFERENCES stakeholder (no),
	FOREIGN KEY(account_no) REFERENCES account (no)
)
 STRICT;
CREATE INDEX departure_account ON departure (account_no);
CREATE TABLE outcome (
	no INTEGER NOT NULL,
	account_no INTEGER NOT NULL,
	contract_no INTEGER,
	cycle INTEGER NOT NULL,
	closed_on TEXT NOT NULL,
	result TEXT NOT NULL,
	renewal_on TEXT,
	arr_before_minor INTEGER,
	arr_after_minor INTEGER,
	currency TEXT,
	term_months INTEGER,
	reason TEXT,
	competitor TEXT,
	lost_on TEXT,
	told_on TEXT,
	source TEXT,
	source_line INTEGER,
	PRIMARY KEY (no),
	CONSTRAINT result_known CHECK (result IN ('won', 'partial', 'lost')),
	CONSTRAINT closed_on_iso CHECK (length(closed_on) = 10),
	FOREIGN KEY(account_no) REFERENCES account (no),
	FOREIGN KEY(contract_no) REFERENCES contract (no)
)
 STRICT;
CREATE INDEX outcome_account ON outcome (account_no);
CREATE INDEX outcome_contract ON outcome (contract_no);
CREATE TABLE renewal (
	contract_no INTEGER NOT NULL,
	cycle INTEGER NOT NULL,
	account_no INTEGER NOT NULL,
	target_minor INTEGER,
	currency TEXT,
	bundle INTEGER,
	kind TEXT,
	uplift_minor INTEGER,
	expansion_minor INTEGER,
	successor_no INTEGER,
	note TEXT,
	PRIMARY KEY (contract_no, cycle),
	CONSTRAINT cycle_positive CHECK (cycle >= 1),
	CONSTRAINT target_not_negative CHECK (target_minor >= 0),
	CONSTRAINT successor_is_another CHECK (successor_no <> contract_no),
	CONSTRAINT amounts_have_currency CHECK (currency IS NOT NULL OR COALESCE(target_minor, uplift_minor, expansion_minor) IS NULL),
	CONSTRAINT bundle_yes_no CHECK (bundle IN (0, 1)),
	CONSTRAINT kind_known CHECK (kind IN ('renewal', 'early', 'tacit', 'extension', 'co_term')),
	FOREIGN KEY(contract_no) REFERENCES contract (no),
	FOREIGN KEY(account_no) REFERENCES account (no),
	FOREIGN KEY(successor_no) REFERENCES contract (no)
)
 STRICT;
CREATE INDEX renewal_account ON renewal (account_no);
CREATE INDEX renewal_successor ON renewal (successor_no);
CREATE TABLE save_case (
	no INTEGER NOT NULL,
	account_no INTEGER NOT NULL,
	contract_no INTEGER,
	scenario TEXT NOT NULL,
	state TEXT NOT NULL,
	flagged_on TEXT NOT NULL,
	flagged_at TEXT NOT NULL,
	respond_by TEXT NOT NULL,
	target_by TEXT,
	owner TEXT,
	reason TEXT,
	playbook TEXT NOT NULL,
	opened_on TEXT NOT NULL,
	closed_on TEXT,
	PRIMARY KEY (no),
	CONSTRAINT flagged_on_iso CHECK (length(flagged_on) = 10),
	FOREIGN KEY(account_no) REFERENCES account (no),
	FOREIGN KEY(contract_no) REFERENCES contract (no)
)
 STRICT;
CREATE INDEX save_case_account ON save_case (account_no);
CREATE INDEX save_case_contract ON save_case (contract_no);
CREATE TABLE offer (
	no INTEGER NOT NULL,
	account_no INTEGER NOT NULL,
	save_no INTEGER,
	contract_no INTEGER,
	instrument TEXT NOT NULL,
	terms TEXT NOT NULL,
	root_cause TEXT,
	condition TEXT,
	from_on TEXT NOT NULL,
	until_on TEXT,
	currency TEXT,
	arr_minor INTEGER,
	kept_minor INTEGER,
	cost_minor INTEGER,
	later_minor INTEGER,
	discount_pct TEXT,
	state TEXT NOT NULL,
	needs_role TEXT,
	asked_on TEXT NOT NULL,
	asked_by TEXT NOT NULL,
	decided_on TEXT,
	decided_by TEXT,
	note TEXT,
	PRIMARY KEY (no),
	CONSTRAINT state_known CHECK (state IN ('pending', 'approved', 'refused', 'accepted', 'declined', 'withdrawn')),
	CONSTRAINT amounts_have_currency CHECK (currency IS NOT NULL OR COALESCE(arr_minor, kept_minor, cost_minor, later_minor) IS NULL),
	CONSTRAINT from_on_iso CHECK (length(from_on) = 10),
	CONSTRAINT until_on_iso CHECK (length(until_on) = 10),
	CONSTRAINT asked_on_iso CHECK (length(asked_on) = 10),
	CONSTRAINT decided_on_iso CHECK (length(decided_on) = 10),
	FOREIGN KEY(account_no) REFERENCES account (no),
	FOREIGN KEY(save_no) REFERENCES save_case (no),
	FOREIGN KEY(contract_no) REFERENCES contract (no)
)
 STRICT;
CREATE INDEX offer_account ON offer (account_no);
CREATE INDEX offer_contract ON offer (contract_no);
CREATE INDEX offer_save ON offer (save_no);
CREATE TABLE promise (
	no INTEGER NOT NULL,
	account_no INTEGER NOT NULL,
	save_no INTEGER,
	text TEXT NOT NULL,
	to_whom TEXT,
	due_on TEXT NOT NULL,
	owner TEXT NOT NULL,
	chain TEXT,
	after_no INTEGER,
	made_on TEXT NOT NULL,
	state TEXT NOT NULL,
	settled_on TEXT,
	evidence TEXT,
	replaces_no INTEGER,
	actor TEXT NOT NULL,
	PRIMARY KEY (no),
	CONSTRAINT state_known CHECK (state IN ('open', 'kept', 'broken', 'withdrawn')),
	CONSTRAINT text_given CHECK (length(text) > 0),
	CONSTRAINT owner_given CHECK (length(owner) > 0),
	CONSTRAINT settled_when_not_open CHECK ((state = 'open') = (settled_on IS NULL)),
	CONSTRAINT due_on_iso CHECK (length(due_on) = 10),
	CONSTRAINT made_on_iso CHECK (length(made_on) = 10),
	CONSTRAINT settled_on_iso CHECK (length(settled_on) = 10),
	FOREIGN KEY(account_no) REFERENCES account (no),
	FOREIGN KEY(save_no) REFERENCES save_case (no),
	FOREIGN KEY(after_no) REFERENCES promise (no),
	FOREIGN KEY(replaces_no) REFERENCES promise (no)
)
 STRICT;
CREATE INDEX promise_account ON promise (account_no);
CREATE INDEX promise_after ON promise (after_no);
CREATE INDEX promise_open ON promise (state, due_on);
CREATE INDEX promise_replaces ON promise (replaces_no);
CREATE INDEX promise_save ON promise (save_no);
CREATE TABLE save_event (
	no INTEGER NOT NULL,
	account_no INTEGER NOT NULL,
	save_no INTEGER NOT NULL,
	round INTEGER NOT NULL,
	kind TEXT NOT NULL,
	name TEXT NOT NULL,
	text TEXT,
	happened_on TEXT NOT NULL,
	happened_at TEXT,
	actor TEXT NOT NULL,
	PRIMARY KEY (no),
	CONSTRAINT round_positive CHECK (round >= 1),
	CONSTRAINT happened_on_iso CHECK (length(happened_on) = 10),
	FOREIGN KEY(account_no) REFERENCES account (no),
	FOREIGN KEY(save_no) REFERENCES save_case (no)
)
 STRICT;
CREATE INDEX save_event_account ON save_event (account_no);
CREATE INDEX save_event_save ON save_event (save_no);
CREATE TABLE service_level (
	no INTEGER NOT NULL,
	account_no INTEGER NOT NULL,
	save_no INTEGER,
	name TEXT NOT NULL,
	text TEXT NOT NULL,
	respond_minutes INTEGER,
	every_days INTEGER,
	from_on TEXT NOT NULL,
	until_on TEXT,
	actor TEXT NOT NULL,
	PRIMARY KEY (no),
	CONSTRAINT respond_positive CHECK (respond_minutes > 0),
	CONSTRAINT every_positive CHECK (every_days > 0),
	CONSTRAINT from_on_iso CHECK (length(from_on) = 10),
	CONSTRAINT until_on_iso CHECK (length(until_on) = 10),
	FOREIGN KEY(account_no) REFERENCES account (no),
	FOREIGN KEY(save_no) REFERENCES save_case (no)
)
 STRICT;
CREATE INDEX service_level_account ON service_level (account_no);
CREATE INDEX service_level_save ON service_level (save_no);
CREATE TABLE worth (
	no INTEGER NOT NULL,
	account_no INTEGER NOT NULL,
	save_no INTEGER NOT NULL,
	minutes INTEGER NOT NULL,
	rate_minor INTEGER,
	concession_minor INTEGER NOT NULL,
	chance_pct TEXT NOT NULL,
	years INTEGER NOT NULL,
	arr_minor INTEGER,
	currency TEXT NOT NULL,
	decision TEXT NOT NULL,
	reason TEXT NOT NULL,
	decided_on TEXT NOT NULL,
	actor TEXT NOT NULL,
	PRIMARY KEY (no),
	CONSTRAINT minutes_not_negative CHECK (minutes >= 0),
	CONSTRAINT concession_not_negative CHECK (concession_minor >= 0),
	CONSTRAINT years_positive CHECK (years >= 1),
	CONSTRAINT decision_known CHECK (decision IN ('fight', 'let_go')),
	CONSTRAINT decided_on_iso CHECK (length(decided_on) = 10),
	FOREIGN KEY(account_no) REFERENCES account (no),
	FOREIGN KEY(save_no) REFERENCES save_case (no)
)
 STRICT;
CREATE INDEX worth_account ON worth (account_no);
CREATE INDEX worth_save ON worth (save_no);
CREATE TABLE service_response (
	no INTEGER NOT NULL,
	account_no INTEGER NOT NULL,
	level_no INTEGER NOT NULL,
	asked_at TEXT NOT NULL,
	answered_at TEXT,
	note TEXT,
	actor TEXT NOT NULL,
	PRIMARY KEY (no),
	CONSTRAINT answered_after_asked CHECK (answered_at >= asked_at),
	FOREIGN KEY(account_no) REFERENCES account (no),
	FOREIGN KEY(level_no) REFERENCES service_level (no)
)
 STRICT;
CREATE INDEX service_response_account ON service_response (account_no);
CREATE INDEX service_response_level ON service_response (level_no);
