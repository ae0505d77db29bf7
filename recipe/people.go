package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/design"
)

// What people do to rows that are not theirs, and to each other: each is an entity of its own, so that its rules are its own.

var favorites = &Recipe{
	Name:    "favorites",
	Title:   "people mark rows, each once; a row tells how many did, and whether the viewer did",
	Takes:   "TYPE...",
	Example: "fettle add favorites Product",
	phrases: []string{"favorite", "favourite", "like button", "upvote", "thumbs up", "wish list", "wishlist"},
	apply: func(e *editor, args []string) error {
		return e.each(args, func(t *design.Type) error { return e.favorites(t.Name) })
	},
}

func (e *editor) favorites(of string) error {
	if t := e.typ(of); t == e.account() {
		return fmt.Errorf("people are followed: fettle add follows")
	}
	name, there, err := e.beside(of, "Favorite")
	if err != nil || there {
		return err
	}
	if err := e.without(of, many(name), "favoriteCount", "favorited"); err != nil {
		return err
	}
	t := e.typ(of)
	e.addField(of, many(name), fmt.Sprintf("[%s!]! @internal", name), "")
	e.addField(of, "favoriteCount", fmt.Sprintf("Int! @computed(from: %q)", many(name)+".size()"), "")
	e.addField(of, "favorited", fmt.Sprintf("Boolean! @computed(from: %q)", many(name)+".exists(f, f.user == viewer)"), "Whether the viewer marked it.")
	e.define(fileOf(t), "", fmt.Sprintf(`"A %[5]s that somebody marked. Each sees what he has marked himself."
type %[1]s @entity @unique(fields: [user, %[2]s]) @page(order: [createdAt_DESC])
  @allow(do: [READ, DELETE], when: "user == viewer")
  @allow(do: CREATE, when: "user == viewer && can(READ, %[2]s)") {
  user: %[4]s! @readOnly @default(from: "viewer") @onDelete(do: CASCADE)
  %[2]s: %[3]s! @immutable @onDelete(do: CASCADE)
}
`, name, lower(of), of, e.account().Name, Spoken(of)))
	return nil
}

var ratings = &Recipe{
	Name:    "ratings",
	Title:   "whoever may read a row gives it one to five stars, once; a row tells their mean",
	Takes:   "TYPE...",
	Example: "fettle add ratings Product",
	phrases: []string{"rate", "rating", "ratings", "star rating", "stars", "customer reviews", "product reviews", "reviews with stars"},
	apply: func(e *editor, args []string) error {
		return e.each(args, func(t *design.Type) error { return e.ratings(t.Name) })
	},
}

func (e *editor) ratings(of string) error {
	name, there, err := e.beside(of, "Review")
	if err != nil || there {
		return err
	}
	if err := e.without(of, many(name), "rating", "reviewCount"); err != nil {
		return err
	}
	t := e.typ(of)
	e.addField(of, many(name), e.listOf(name, of), "")
	e.addField(of, "rating", fmt.Sprintf("Float @computed(from: %q)", many(name)+".map(r, r.stars).avg()"), "The mean of its stars, null before the first.")
	e.addField(of, "reviewCount", fmt.Sprintf("Int! @computed(from: %q)", many(name)+".size()"), "")
	e.define(fileOf(t), "", fmt.Sprintf(`"What somebody thinks of a %[5]s."
type %[1]s @entity @unique(fields: [%[2]s, author]) @page(order: [createdAt_DESC])
  @allow(do: READ, when: "can(READ, %[2]s)")
  @allow(do: CREATE, when: "author == viewer && can(READ, %[2]s)")
  @allow(do: [UPDATE, DELETE], when: "author == viewer") {
  %[2]s: %[3]s! @immutable @onDelete(do: CASCADE)
  author: %[4]s! @readOnly @default(from: "viewer") @onDelete(do: CASCADE)
  stars: Int! @range(min: 1, max: 5)
  body: String @length(max: 4000)
}
`, name, lower(of), of, e.account().Name, Spoken(of)))
	e.note("whoever may read a %s may rate it: say in the CREATE rule of %s what else must hold, such as having bought it", Spoken(of), name)
	return nil
}

var follows = &Recipe{
	Name:    "follows",
	Title:   "people follow each other, and each sees whom he follows and who follows him",
	Takes:   "nothing",
	Example: "fettle add follows",
	phrases: []string{"followers", "follow each other", "follow users", "users follow", "people follow"},
	apply: func(e *editor, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("takes nothing, not %s", strings.Join(args, " "))
		}
		if e.account() == nil {
			if err := e.newAccount(); err != nil {
				return err
			}
		}
		account := e.account().Name
		for _, t := range e.entities() { // whatever its name
			ends := 0
			for _, f := range t.Fields {
				if f.Type.Name == account && !f.Type.List && f.Type.Required {
					ends++
				}
			}
			if ends == 2 && strings.HasPrefix(t.Name, "Follow") {
				return nil
			}
		}
		if have := e.design.ByName["Follow"]; have != nil {
			return fmt.Errorf("%s:%d: Follow is there already, and is not who follows whom", have.Pos.File, have.Pos.Line)
		}
		if err := e.without(account, "following", "followers", "followed"); err != nil {
			return err
		}
		e.addField(account, "following", "["+account+"!]! @through(entity: Follow, from: follower, to: followed)", "")
		e.addField(account, "followers", "["+account+"!]! @through(entity: Follow, from: followed, to: follower)", "")
		e.addField(account, "followed", `Boolean! @computed(from: "followers.exists(f, f == viewer)")`, "Whether the viewer follows this person.")
		e.define(fileOf(e.account()), "", fmt.Sprintf(`"Who follows whom."
type Follow @entity @unique(fields: [follower, followed])
  @check(that: "follower != followed", code: FOLLOWING_ONESELF)
  @allow(do: READ, when: "follower == viewer || followed == viewer")
  @allow(do: [CREATE, DELETE], when: "follower == viewer") {
  follower: %[1]s! @readOnly @default(from: "viewer") @onDelete(do: CASCADE)
  followed: %[1]s! @immutable @onDelete(do: CASCADE)
}
`, account))
		e.note("one follows whom he may read: the READ rule of %s says who that is", account)
		return nil
	},
}

var abuseReports = &Recipe{
	Name:    "abuse-reports",
	Title:   "people report rows and each other; who has the last role reads and closes reports",
	Takes:   "TYPE..., what can be reported",
	Example: "fettle add abuse-reports Comment User",
	phrases: []string{"abuse report", "report abuse", "report content", "flag content", "moderation", "moderate"},
	apply: func(e *editor, args []string) error {
		return e.each(args, func(t *design.Type) error { return e.reportable(t.Name) })
	},
}

func (e *editor) reportable(of string) error {
	if err := e.readable(of); err != nil {
		return err
	}
	union, report := e.typ("Reportable"), e.typ("Report")
	if union != nil && union.Kind == design.Union && report != nil {
		if slices.ContainsFunc(union.Members, func(n design.Name) bool { return n.Text == of }) {
			return nil
		}
		last := union.Members[len(union.Members)-1]
		last.Pos.Column += len(last.Text)
		e.insert(last.Pos, " | "+of)
		return nil
	}
	for _, name := range []string{"Reportable", "Report", "ReportReason"} {
		if have := e.design.ByName[name]; have != nil {
			return fmt.Errorf("%s:%d: %s is there already, and is no report of a Reportable", have.Pos.File, have.Pos.Line, name)
		}
	}
	if e.account() == nil {
		if err := e.newAccount(); err != nil {
			return err
		}
	}
	account := e.account()
	read, closes := "reporter == viewer", ""
	if moderates := e.lastRole(); moderates != "" {
		read += " || " + moderates
		closes = fmt.Sprintf("\n  @allow(do: UPDATE, when: %q)", moderates)
	} else {
		e.note("nobody closes reports yet: fettle add roles gives somebody the right to, then say so in @allow of Report")
	}
	if of == "Report" || of == "Reportable" {
		return fmt.Errorf("a report is not reported")
	}
	e.define(moduleFile("reports"), "What should not be here, as people see it. A module of its own, since what is reported may be of any.", fmt.Sprintf(`"What can be reported."
union Reportable = %[1]s

enum ReportReason { SPAM ABUSE ILLEGAL OTHER }

"That something should not be here, as somebody sees it."
type Report @entity @unique(fields: [reporter, subject]) @page(order: [createdAt])
  @allow(do: READ, when: %[3]q)
  @allow(do: CREATE, when: "reporter == viewer && can(READ, subject)")%[4]s {
  subject: Reportable! @immutable%[6]s
  reporter: %[2]s! @readOnly @default(from: "viewer") @onDelete(do: CASCADE)
  reason: ReportReason! @immutable
  note: String @immutable @length(max: 1000)
  closedAt: DateTime%[5]s
}
`, of, account.Name, read, closes, map[bool]string{true: " @readOnly"}[closes == ""], e.tenantField(of)))
	return nil
}

// tenantField is the line by which what concerns rows of a type belongs to their tenant, empty where they have none. A union does not
// say whose its rows are.
func (e *editor) tenantField(of string) string {
	for _, t := range e.design.Types {
		if design.Find(t.Directives, "tenant") != nil && t.Name != of && e.within(of, t.Name, map[string]bool{}) {
			return fmt.Sprintf("\n  %s: %s! @immutable @onDelete(do: CASCADE)", lower(t.Name), t.Name)
		}
	}
	return ""
}

// within tells whether rows of a type refer to a tenant, or to what does.
func (e *editor) within(of, tenant string, seen map[string]bool) bool {
	t := e.typ(of)
	if t == nil || seen[of] {
		return false
	}
	seen[of] = true
	return slices.ContainsFunc(t.Fields, func(f *design.Field) bool {
		return f.Type.Required && !f.Type.List && (f.Type.Name == tenant || e.within(f.Type.Name, tenant, seen))
	})
}

// lastRole is the condition under which a viewer has the last of the roles, empty where there are none.
func (e *editor) lastRole() string {
	role := field(e.account(), "role")
	if role == nil {
		return ""
	}
	enum := e.typ(role.Type.Name)
	if enum == nil || enum.Kind != design.Enum || len(enum.Values) == 0 {
		return ""
	}
	return "viewer.role == " + enum.Values[len(enum.Values)-1].Name
}

// beside chooses the name of an entity that goes with the rows of another: Comment, or NoteComment where that is taken. there
// tells that it exists already. An account is written where there is none.
func (e *editor) beside(of, name string) (chosen string, there bool, err error) {
	for _, candidate := range []string{name, of + name} {
		have := e.design.ByName[candidate]
		if have == nil {
			if err := e.readable(of); err != nil {
				return "", false, err
			}
			if e.account() == nil {
				err = e.newAccount()
			}
			return candidate, false, err
		}
		if slices.ContainsFunc(have.Fields, func(f *design.Field) bool { return f.Type.Name == of && !f.Type.List }) {
			return candidate, true, nil
		}
		if candidate == of {
			return "", false, fmt.Errorf("%s is one itself", of)
		}
	}
	have := e.design.ByName[of+name]
	return "", false, fmt.Errorf("%s:%d: %s is there already, and belongs to no %s", have.Pos.File, have.Pos.Line, have.Name, of)
}

// listOf is a list of what belongs to rows of a type and has an author besides: of an account it says which of the two is meant.
func (e *editor) listOf(name, of string) string {
	if e.typ(of) == e.account() {
		return fmt.Sprintf("[%s!]! @inverse(field: %s)", name, lower(of))
	}
	return fmt.Sprintf("[%s!]!", name)
}

// readable refuses a type that nobody may read: who cannot see a row can do nothing about it.
func (e *editor) readable(of string) error {
	if t := e.typ(of); len(rules(t, "READ")) == 0 || design.Find(t.Directives, "internal") != nil {
		return fmt.Errorf("%s:%d: nobody may read a %s: say in @allow who does", t.Pos.File, t.Pos.Line, Spoken(of))
	}
	return nil
}

// without refuses a type that has one of the fields that a recipe would write.
func (e *editor) without(of string, names ...string) error {
	for _, name := range names {
		if f := field(e.typ(of), name); f != nil {
			return fmt.Errorf("%s:%d: %s has a field %s already", f.Pos.File, f.Pos.Line, of, name)
		}
	}
	return nil
}
